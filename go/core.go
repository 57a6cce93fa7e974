package memanalyzer

import (
	"slices"

	"example.com/memanalyzer/csrc/core"
)

// What this package asks of the C library, with its own errors. core_cgo.go and core_plain.go decide
// in which form, by build tag.

// names are the library's tables, and the format that this package adds.
var names = readTables()

func readTables() core.Tables {
	t := library.Tables()
	t.Formats = append(t.Formats, "pprof")
	t.MediaTypes = append(t.MediaTypes, "application/octet-stream")
	t.FormatDifferences = append(t.FormatDifferences, true)
	return t
}

// number returns the place of a name in a table, -1 if it has none.
func number(table []string, name string) int { return slices.Index(table, name) }

// A reading is a report in the making, or a finished one.
type reading struct{ core.Report }

func newReading(o readOptions) (reading, error) {
	r := library.New(core.Options{
		Top: o.top, Sort: o.sort, EverySort: o.everySort, ForDiff: o.compared,
		Source: o.source, RSSOnly: o.rssOnly, KeepText: o.keepText,
	}, o.facts, o.limits)
	if r == nil {
		return reading{}, &SourceError{"no memory for a report", ErrNoMemory, nil}
	}
	return reading{r}, nil
}

// feed takes the next piece of a text, nil at its end. The error is a *ParseError.
func (r reading) feed(piece []byte) error { return parseError(r.Report.Feed(piece)) }

// collect reads a process, 0 this one. The error is ErrUnsupported or a *SourceError.
func (r reading) collect(pid uint64) error {
	return sourceError(r.Report.Collect(pid))
}

// fault returns a *SourceError if a bug in the library has ended the reading.
func (r reading) fault() error { return sourceError(r.Report.Fault()) }

func addLabel(at, size uintptr, name string, anchor uint64) error {
	return labelError(library.Label(at, size, name, anchor))
}

func removeLabel(at, size uintptr) error { return labelError(library.RemoveLabel(at, size)) }
