//go:build !cgo

package memanalyzer

import "example.com/memanalyzer/csrc/core"

// library is nil: without cgo there is no C library. Reports and labels end in ErrUnsupported.
var library core.Library
