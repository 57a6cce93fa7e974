//go:build linux && cgo && engines_all

package engines

import "github.com/cockroachdb/pebble"

func init() { works["pebble"] = workPebble }

// workPebble writes more than its cache has room for, and reads all of it.
func workPebble(dir string) ([]int64, any, error) {
	cache := pebble.NewCache(amount)
	db, err := pebble.Open(dir, &pebble.Options{Cache: cache})
	if err != nil {
		return nil, nil, err
	}
	for i := range amount * 5 / 4 / batchSize {
		b := db.NewBatch()
		for _, r := range batch(i) {
			if err := b.Set(r.key, r.value, nil); err != nil {
				return nil, nil, err
			}
		}
		if err := b.Commit(pebble.NoSync); err != nil {
			return nil, nil, err
		}
	}
	if err := db.Flush(); err != nil {
		return nil, nil, err
	}
	it, err := db.NewIter(nil)
	if err != nil {
		return nil, nil, err
	}
	for more := it.First(); more; {
		more = it.Next()
	}
	if err := it.Close(); err != nil {
		return nil, nil, err
	}
	m := db.Metrics()
	return []int64{m.BlockCache.Size + int64(m.MemTable.Size+m.MemTable.ZombieSize)}, []any{cache, db}, nil
}
