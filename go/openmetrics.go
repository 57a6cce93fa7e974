package memanalyzer

import (
	"bytes"
	"context"
)

// OpenMetrics returns what the handler answers to format=openmetrics. It may be made from the
// kept reading; ctx bounds the wait for readings in progress, as with [Analyzer.Report]. Errors
// are those of [Read].
func (a *Analyzer) OpenMetrics(ctx context.Context) ([]byte, error) {
	answer, err := a.answer(ctx, query{format: uint32(number(names.Formats, "openmetrics")), read: readOptions{rssOnly: true}})
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var text bytes.Buffer
	buf := make([]byte, answerBuffer)
	for {
		n, err := answer.next(buf)
		if n == 0 {
			return text.Bytes(), err
		}
		text.Write(buf[:n])
	}
}
