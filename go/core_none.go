//go:build !cgo

package memanalyzer

// Without cgo there is no core: every way to a report, or a label, ends in ErrUnsupported.

func newReading(readOptions) (reading, error) { return nil, ErrUnsupported }

func mallocWords() []uint64 { return noMalloc }

func addLabel(uintptr, uintptr, string, uint64) error { return ErrUnsupported }

func removeLabel(uintptr, uintptr) error { return ErrUnsupported }

func newTables() tables { return tables{} }
