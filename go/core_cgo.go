//go:build cgo

package memanalyzer

import "example.com/memanalyzer/csrc"

// This file decides which core makes the reports: here the C core.

// cgoReading is a csrc.Report whose failures are errors of this package.
type cgoReading struct{ *csrc.Report }

func newReading(o readOptions) (reading, error) {
	sort := o.sort
	if o.everySort {
		sort = csrc.EverySort
	}
	r := csrc.New(o.facts.words(), o.facts.limits, o.top, sort)
	if r == nil {
		return nil, &SourceError{"no memory for a report", ErrNoMemory, nil}
	}
	r.Source(o.source, o.rssOnly)
	if o.keepText {
		r.KeepText()
	}
	if o.compared {
		r.Prepare()
	}
	return cgoReading{r}, nil
}

func (r cgoReading) Write(f rendering) output { return outputOf(r.Report.Write(csrc.Rendering(f))) }

func (r cgoReading) WriteDifferences(before reading, f rendering) output {
	return outputOf(r.Report.WriteDifferences(before.(cgoReading).Report, csrc.Rendering(f)))
}

func outputOf(o *csrc.Output) output {
	if o == nil {
		return nil
	}
	return o
}

func mallocWords() []uint64 { return csrc.Malloc() }

func newTables() tables {
	t := tables{
		fields:        csrc.Table(csrc.Fields),
		groupIDs:      csrc.Table(csrc.GroupIDs),
		groupNames:    csrc.Table(csrc.GroupNames),
		categoryIDs:   csrc.Table(csrc.CategoryIDs),
		categoryNames: csrc.Table(csrc.CategoryNames),
		methods:       csrc.Table(csrc.Methods),
		parts:         csrc.Table(csrc.Parts),
		proofs:        csrc.Table(csrc.Proofs),
		limits:        csrc.Table(csrc.Limits),
		sorts:         csrc.Table(csrc.Sorts),
		sources:       csrc.Table(csrc.Sources),
		units:         csrc.Table(csrc.Units),
		forms:         csrc.Table(csrc.Forms),
		mediaTypes:    csrc.Table(csrc.MediaTypes),
	}
	for i := range t.categoryIDs {
		t.categoryGroups = append(t.categoryGroups, csrc.CategoryGroup(i))
	}
	for i := range t.forms {
		t.formDifferences = append(t.formDifferences, csrc.HasDifferences(i))
	}
	return t
}

var labelErrors = map[uint64]error{
	csrc.NoPage:       ErrNoPage,
	csrc.BadName:      ErrLabelName,
	csrc.Labelled:     ErrLabelled,
	csrc.NoLabel:      ErrNoLabel,
	csrc.NotMapped:    ErrNotMapped,
	csrc.NotAnonymous: ErrNotAnonymous,
	csrc.OnGoHeap:     ErrGoHeap,
	csrc.NoMemory:     ErrNoMemory,
}

func labelError(f csrc.Failure) error {
	switch f.Status {
	case csrc.OK:
		return nil
	case csrc.Unsupported:
		return ErrUnsupported
	}
	return &LabelError{f.Message, labelErrors[f.Status], errno(f.System)}
}

func addLabel(at, size uintptr, name string, anchor uint64) error {
	return labelError(csrc.Label(at, size, name, anchor))
}

func removeLabel(at, size uintptr) error { return labelError(csrc.RemoveLabel(at, size)) }

var parseErrors = map[uint64]error{
	csrc.Empty:     ErrEmpty,
	csrc.Malformed: ErrMalformed,
	csrc.Overflow:  ErrOverflow,
	csrc.Truncated: ErrTruncated,
}

var sourceErrors = map[uint64]error{
	csrc.NoProcess:    ErrNoProcess,
	csrc.Ended:        ErrEnded,
	csrc.Replaced:     ErrReplaced,
	csrc.Zombie:       ErrZombie,
	csrc.KernelThread: ErrKernelThread,
	csrc.NotPermitted: ErrNotPermitted,
	csrc.Protected:    ErrProtected,
	csrc.NoProc:       ErrNoProc,
	csrc.NoMemory:     ErrNoMemory,
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
func (r cgoReading) Collect(pid uint64) error {
	f := r.Report.Collect(pid)
	switch {
	case f.Status == csrc.OK:
		return nil
	case f.Status == csrc.Unsupported:
		return ErrUnsupported
	case parseErrors[f.Status] != nil:
		return &SourceError{f.Message, nil, parseError(f)}
	default:
		return &SourceError{f.Message, sourceErrors[f.Status], errno(f.System)}
	}
}
