//go:build linux && cgo && engines_all

package engines

import _ "modernc.org/sqlite" // the driver

func init() { works["modernc sqlite"] = workSQLite("sqlite") }
