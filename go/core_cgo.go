//go:build cgo

package memanalyzer

import "example.com/memanalyzer/csrc"

// This file decides which core makes the reports: here the C core.

// cgoReading is a csrc.Report whose failures are errors of this package.
type cgoReading struct{ *csrc.Report }

func newReading(o readOptions) (reading, error) {
	return cgoReading{csrc.New(o.facts.words(), o.top, o.sort)}, nil
}

func newTables() tables {
	t := tables{
		fields:        csrc.Table(csrc.Fields),
		groupIDs:      csrc.Table(csrc.GroupIDs),
		groupNames:    csrc.Table(csrc.GroupNames),
		categoryIDs:   csrc.Table(csrc.CategoryIDs),
		categoryNames: csrc.Table(csrc.CategoryNames),
		methods:       csrc.Table(csrc.Methods),
		sorts:         csrc.Table(csrc.Sorts),
		units:         csrc.Table(csrc.Units),
	}
	for i := range t.categoryIDs {
		t.categoryGroups = append(t.categoryGroups, csrc.CategoryGroup(i))
	}
	return t
}

var parseErrors = map[uint64]error{
	csrc.Empty:     ErrEmpty,
	csrc.Malformed: ErrMalformed,
	csrc.Overflow:  ErrOverflow,
	csrc.Truncated: ErrTruncated,
}

func parseError(f csrc.Failure) error {
	if f.Status == csrc.OK {
		return nil
	}
	return &ParseError{int(f.Line), int(f.Column), f.Message, parseErrors[f.Status]}
}

// Feed is csrc's, with an error that is a *ParseError.
func (r cgoReading) Feed(piece []byte) error { return parseError(r.Report.Feed(piece)) }

// Collect is csrc's, with an error that is ErrUnsupported or a *SourceError.
func (r cgoReading) Collect() error {
	f := r.Report.Collect()
	switch {
	case f.Status == csrc.OK:
		return nil
	case f.Status == csrc.Unsupported:
		return ErrUnsupported
	case parseErrors[f.Status] != nil:
		return &SourceError{f.Message, parseError(f)}
	default:
		return &SourceError{f.Message, errno(f.System)}
	}
}
