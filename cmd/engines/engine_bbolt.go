//go:build linux && cgo

package engines

import (
	"path/filepath"

	"go.etcd.io/bbolt"
)

func init() { works["bbolt"] = workBbolt }

// workBbolt writes a file and reads all of it, so that the mapping has all of its pages.
func workBbolt(dir string) ([]int64, any, error) {
	db, err := bbolt.Open(filepath.Join(dir, "db"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return nil, nil, err
	}
	name := []byte("bucket")
	for i := range amount / batchSize {
		err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			bucket.FillPercent = 0.9
			for _, r := range batch(i) {
				if err := bucket.Put(r.key, r.value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	var holds int64
	err = db.View(func(tx *bbolt.Tx) error {
		s := tx.Bucket(name).Stats() // looks at each page
		holds = int64(s.LeafAlloc + s.BranchAlloc)
		return nil
	})
	return []int64{holds}, db, err
}
