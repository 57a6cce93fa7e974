//go:build linux && cgo && engines_all

package engines

import (
	"errors"

	"github.com/dgraph-io/badger/v4"
)

func init() { works["badger"] = workBadger }

// workBadger writes values and reads them until they are in the block cache, with the default
// options. Each value is in a table or in the log of a memtable, too.
func workBadger(dir string) ([]int64, any, error) {
	db, err := badger.Open(badger.DefaultOptions(dir).WithLogger(nil))
	if err != nil {
		return nil, nil, err
	}
	var written int64
	for i := range amount / batchSize {
		w := db.NewWriteBatch()
		for _, r := range batch(i) {
			if err := w.Set(r.key, r.value); err != nil {
				return nil, nil, err
			}
			written += int64(len(r.value))
		}
		if err := w.Flush(); err != nil {
			return nil, nil, err
		}
	}
	// The cache drops some of the blocks that it is given while it is busy.
	const passesMax = 20
	for range passesMax {
		if err := readAll(db); err != nil {
			return nil, nil, err
		}
		cache := db.BlockCacheMetrics()
		if holds := int64(cache.CostAdded() - cache.CostEvicted()); holds >= amount*9/10 {
			return []int64{written, holds}, db, nil
		}
	}
	return nil, nil, errors.New("the block cache does not take the blocks")
}

func readAll(db *badger.DB) error {
	return db.View(func(tx *badger.Txn) error {
		it := tx.NewIterator(badger.DefaultIteratorOptions)
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			if err := it.Item().Value(func([]byte) error { return nil }); err != nil {
				return err
			}
		}
		return nil
	})
}
