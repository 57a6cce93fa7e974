//go:build !cgo

package memanalyzer

// Without cgo there is no core: every way to a report ends in ErrUnsupported.

func newReading(readOptions) (reading, error) { return nil, ErrUnsupported }

func newTables() tables { return tables{} }
