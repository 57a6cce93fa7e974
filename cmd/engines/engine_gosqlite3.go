//go:build linux && cgo && engines_all

package engines

import _ "github.com/mattn/go-sqlite3" // the driver

func init() { works["go-sqlite3"] = workSQLite("sqlite3") }
