//go:build !cgo

package memanalyzer

// Without cgo there is no core: every way to a report ends in ErrUnsupported.

func newReading(readOptions) (reading, error) { return nil, ErrUnsupported }

func mallocWords() []uint64 { return noMalloc }

func newTables() tables { return tables{} }
