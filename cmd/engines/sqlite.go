//go:build linux && cgo && engines_all

package engines

import (
	"database/sql"
	"path/filepath"
)

// workSQLite returns a work for a driver: it fills a table and reads all of it, on a connection
// whose cache has room for all pages. It holds all pages then.
func workSQLite(driver string) work {
	return func(dir string) ([]int64, any, error) {
		db, err := sql.Open(driver, filepath.Join(dir, "db"))
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1)
		for _, s := range []string{
			"PRAGMA cache_size = -1000000", // kB
			"PRAGMA synchronous = OFF",
			"CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)",
		} {
			if _, err := db.Exec(s); err != nil {
				return nil, nil, err
			}
		}
		for i := range amount / batchSize {
			if err := insertBatch(db, i); err != nil {
				return nil, nil, err
			}
		}
		var least string
		if err := db.QueryRow("SELECT min(data) FROM t").Scan(&least); err != nil {
			return nil, nil, err
		}
		var size int64
		err = db.QueryRow("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").Scan(&size)
		return []int64{size}, db, err
	}
}

func insertBatch(db *sql.DB, i int) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, r := range batch(i) {
		if _, err := tx.Exec("INSERT INTO t (data) VALUES (?)", r.value); err != nil {
			return err
		}
	}
	return tx.Commit()
}
