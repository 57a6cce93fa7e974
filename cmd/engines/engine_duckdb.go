//go:build linux && cgo && engines_all

package engines

import (
	"database/sql"

	_ "github.com/duckdb/duckdb-go/v2" // the driver
)

func init() { works["duckdb"] = workDuckDB }

// workDuckDB fills a table in memory with numbers that cannot be compressed.
func workDuckDB(string) ([]int64, any, error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return nil, nil, err
	}
	const rows = amount / 16 // of two numbers of 8 bytes
	if _, err := db.Exec("CREATE TABLE t AS SELECT hash(i) AS a, hash(i + 1) AS b FROM range(?) AS r(i)", rows); err != nil {
		return nil, nil, err
	}
	var holds int64
	err = db.QueryRow("SELECT sum(memory_usage_bytes)::BIGINT FROM duckdb_memory()").Scan(&holds)
	return []int64{holds}, db, err
}
