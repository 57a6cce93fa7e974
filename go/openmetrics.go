package memanalyzer

import (
	"bytes"
	"context"
)

// OpenMetrics returns where the memory of this process is, as the handler answers
// format=openmetrics. Errors are those of [Read].
func (a *Analyzer) OpenMetrics(ctx context.Context) ([]byte, error) {
	r, err := a.readSelf(ctx, readOptions{rssOnly: true})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	r.Render(rendering{Form: uint64(number(names.forms, "openmetrics")), Origin: r.origin()})
	var text bytes.Buffer
	buf := make([]byte, 16<<10)
	for n := r.Next(buf); n > 0; n = r.Next(buf) {
		text.Write(buf[:n])
	}
	return text.Bytes(), nil
}
