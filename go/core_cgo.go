//go:build cgo

package memanalyzer

import (
	"example.com/memanalyzer/csrc"
	"example.com/memanalyzer/csrc/core"
)

// library is the C library that makes the reports; nil if this build has none.
var library core.Library = csrc.Library{}
