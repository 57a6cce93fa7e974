//go:build linux && cgo

// Package engines embeds databases and other packages that have memory of their own, and checks
// in which rows of the report it is. Its tests write the table of docs/engines.md.
package engines

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
)

const mb = 1 << 20

// amount is how much memory the work of an engine asks for, in bytes.
const amount = 200 * mb

// An engine is a package with memory of its own.
type engine struct {
	name   string // as its users call it; the key of works
	module string // whose version go.mod has
	parts  []part
}

// A part is memory of an engine that is in the same rows.
type part struct {
	large string // what it is
	rows  []string
	least int64  // percent of its bytes, by the engine's own account, by which the rows grow
	most  int64  // measured, with room for memory that was freed
	todo  string // what makes it smaller
}

// A work makes an engine hold about amount bytes, with its files in dir. It returns what the engine
// says it holds, for each part in bytes, and all that has to be kept alive. The error is a
// [missing] if this machine cannot do it.
type work func(dir string) (holds []int64, keep any, err error)

// works has the engines that were built. Slow ones need a build tag: engines_v8 for v8go,
// engines_all for all others. The two do not link into one program, as each has a copy of ICU.
var works = map[string]work{}

// missing is why this machine cannot do a work.
type missing string

func (m missing) Error() string { return string(m) }

var (
	goHeap    = []string{"go/heap"}
	files     = []string{"file/other"}
	readWrite = []string{"anon/rw"}
	malloc    = []string{"malloc/main", "malloc/arenas", "malloc/mmap"}
)

var engines = []engine{
	{"bbolt", "go.etcd.io/bbolt", []part{{
		"pages of the file that were read, mapped `r--s`", files, 98, 105,
		"The kernel drops them if it needs memory, unless `Options.Mlock` is set. `bbolt compact` or `bbolt.Compact` makes the file smaller; so does " +
			"`Bucket.FillPercent` near 1 if keys ascend.",
	}}},
	{"badger", "github.com/dgraph-io/badger/v4", []part{{
		"tables (.sst) and logs of memtables (.mem), which are mapped files", files, 98, 200,
		"The kernel drops pages of tables if it needs memory. Lower `WithMemTableSize` and `WithNumMemtables`.",
	}, {
		"block cache of 256 MB by default; memtables; buffers of table builders, which are kept", goHeap, 98, 300,
		"Lower `WithBlockCacheSize` and `WithMemTableSize`.",
	}}},
	{"pebble", "github.com/cockroachdb/pebble", []part{{
		"block cache and memtables, from C's calloc", malloc, 98, 140,
		"Give `Options.Cache` a smaller `NewCache`. Lower `Options.MemTableSize`.",
	}}},
	{"go-sqlite3", "github.com/mattn/go-sqlite3", []part{{
		"page cache of each connection, from C's malloc", malloc, 98, 120,
		"Lower `_cache_size` in the data source name, or `SetMaxOpenConns`. `PRAGMA shrink_memory` frees a connection's cache.",
	}}},
	{"modernc sqlite", "modernc.org/sqlite", []part{{
		"page cache of each connection: 8 kB for a page of 4 kB", readWrite, 190, 215,
		"Lower `_pragma=cache_size(N)` in the data source name, or `SetMaxOpenConns`. `PRAGMA shrink_memory` frees a connection's cache.",
	}}},
	{"wazero", "github.com/tetratelabs/wazero", []part{{
		"memory of each module instance, and copies that are not yet collected: memory.grow makes a new one", goHeap, 98, 130,
		"Set `WithMemoryCapacityFromMax(true)` if modules declare a maximum: then memory.grow makes no copy. Limit it with `WithMemoryLimitPages`.",
	}}},
	{"memguard", "github.com/awnumar/memguard", []part{{
		"buffers, each locked and between two pages without access", []string{"anon/ro", "anon/rw", "anon/none"}, 99, 105,
		"Call `Destroy` on buffers after use. `Seal` secrets that are not in use: an `Enclave` is on the Go heap.",
	}}},
	{"duckdb", "github.com/duckdb/duckdb-go/v2", []part{{
		"buffer manager, from a jemalloc of its own that names no memory", readWrite, 90, 130,
		"`SET memory_limit = '100MB'`; `SET threads = 2`.",
	}}},
	{"v8go", "rogchap.com/v8go", []part{{
		"heap of each isolate", readWrite, 98, 110,
		"Call `Dispose` on isolates after use. Limit the heap with `v8go.SetFlags(\"--max-old-space-size=100\")`, in MB: V8 ends the process if it needs more.",
	}}},
}

const (
	batchSize = 2 * mb
	valueSize = 1000
)

// A record is a key and a value that cannot be compressed.
type record struct{ key, value []byte }

// batch returns the records of batch i. The keys ascend.
func batch(i int) []record {
	var seed [32]byte
	copy(seed[:], fmt.Sprint(i))
	data := make([]byte, batchSize)
	_, _ = rand.NewChaCha8(seed).Read(data)
	var records []record
	for n := valueSize; n <= batchSize; n += valueSize {
		records = append(records, record{binary.BigEndian.AppendUint64(nil, uint64(i*batchSize+n)), data[n-valueSize : n]})
	}
	return records
}
