package memanalyzer

import (
	"bytes"
	"context"
)

// OpenMetrics returns where the memory of this process is, as the handler answers
// format=openmetrics. It may be of a kept reading, as [Analyzer.Report]; errors are those of
// [Read].
func (a *Analyzer) OpenMetrics(ctx context.Context) ([]byte, error) {
	answer, err := a.answer(ctx, query{form: uint64(number(names.forms, "openmetrics")), read: readOptions{rssOnly: true}})
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	var text bytes.Buffer
	buf := make([]byte, 16<<10)
	for n := answer.Next(buf); n > 0; n = answer.Next(buf) {
		text.Write(buf[:n])
	}
	return text.Bytes(), nil
}
