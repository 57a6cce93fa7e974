//go:build !cgo || memanalyzer_nocgo

package memanalyzer

import (
	"example.com/memanalyzer/csrc/core"
	"example.com/memanalyzer/go/internal/plain"
)

// library is the C library translated to Go, which makes the reports.
var library core.Library = plain.Library{}
