#!/bin/sh
# A memtable larger than Pebble's block cache turns the cache off.
#
# Guess: they are two budgets: 8 MB of cache and a memtable of up to 64 MB take 72 MB, and the cache works.
# Seen:  the memtable is a reservation in the cache. When it has outgrown the cache, no block is held and no read hits,
#        after a flush too, and MaxSize is still 8 MB. With a memtable of 1 MB, reads hit.
# Why:   a smaller cache is the usual way to save memory, and saves nothing below the size of the memtable.
# With:  github.com/cockroachdb/pebble v1.1.5
. "$(dirname "$0")/lib.sh"

cat >go.mod <<'X'
module finding
go 1.26
require github.com/cockroachdb/pebble v1.1.5
X
cat >main.go <<'X'
package main

import (
	"fmt"

	"github.com/cockroachdb/pebble"
	"github.com/cockroachdb/pebble/vfs"
)

func try(memtable uint64) {
	cache := pebble.NewCache(8 << 20)
	defer cache.Unref()
	db, err := pebble.Open("db", &pebble.Options{Cache: cache, MemTableSize: memtable, FS: vfs.NewMem()})
	if err != nil {
		panic(err)
	}
	defer db.Close()
	key := func(i int) []byte { return fmt.Appendf(nil, "%08d", i) }
	for i := range 20_000 {
		db.Set(key(i), make([]byte, 1000), pebble.NoSync)
	}
	db.Flush()
	for range 2 {
		for i := range 5_000 {
			_, closer, err := db.Get(key(i))
			if err != nil {
				panic(err)
			}
			closer.Close()
		}
	}
	m := db.Metrics().BlockCache
	fmt.Printf("memtable of %d MB: cache of %d MB holds blocks: %t, hits: %t\n",
		memtable>>20, cache.MaxSize()>>20, m.Size > 0, m.Hits > 0)
}

func main() {
	try(1 << 20)
	try(64 << 20)
}
X
export CGO_ENABLED=0
go build -o main . 2>/dev/null || cannot 'go cannot build it'
expect "$(./main 2>/dev/null)" <<'X'
memtable of 1 MB: cache of 8 MB holds blocks: true, hits: true
memtable of 64 MB: cache of 8 MB holds blocks: false, hits: false
X
