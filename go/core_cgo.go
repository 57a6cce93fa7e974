//go:build cgo && !memanalyzer_nocgo

package memanalyzer

import (
	"example.com/memanalyzer/csrc"
	"example.com/memanalyzer/csrc/core"
)

// library is the C library, which makes the reports.
var library core.Library = csrc.Library{}
