//go:build linux

package main

// The table of kinds, and how it is made and printed. What makes a kind is in
// goheap.go, malloc_cgo.go and mappings.go.

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// A kind is a flag and, but for those that only shape another kind, the memory
// that it asks for.
type kind struct {
	flag     string
	takes    value
	standard string // the default, as the flag would take it
	most     int    // the largest value
	help     string

	// make makes the amount, which is not 0. With an error it returns what
	// there is nevertheless. nil: another kind's make reads this flag.
	make func(amount, config) (made, error)
}

// made is what there is now.
type made struct {
	n    int     // bytes, or a number, as the flag
	how  string  // one line: how it was made, and by what name smaps shows it
	at   uintptr // the first byte of a mapping, else 0
	keep any     // what has to stay reachable

	spans []span // on the Go heap, where what was made is, or was
}

// A span is addresses, which keep nothing alive.
type span struct {
	at uintptr
	n  int
}

// A row is a kind as it was made.
type row struct {
	what string
	kind kind
	made
}

// The order is that of the making, too: what garbage and malloc-freed leave free
// would serve goroutines and malloc, if those came later.
var kinds = []kind{
	{"heap", size, "64MB", maxSize, "Go heap that stays reachable", makeHeap},
	{"heap-untouched", size, "0", maxSize, "Go heap that stays reachable, never touched, in blocks of 8 kB", makeHeapUntouched},
	{"goroutines", number, "2000", 1000000, "blocked goroutines", makeGoroutines},
	{"goroutine-stack", size, "0", 64 * mb, "stack that each of them uses", nil},
	{"garbage", size, "0", maxSize, "Go heap that was dropped and then collected", makeGarbage},
	{"malloc", size, "32MB", maxSize, "C malloc", makeMalloc},
	{"malloc-freed", size, "0", maxSize, "C malloc, of which every second block was freed", makeMallocFreed},
	{"malloc-block", size, "4KB", 64 * mb, "what a block of both takes, with what malloc adds", nil},
	{"arenas", number, "0", 1000, "threads for each kind of malloc, an arena each; 0: the main arena", nil},
	{"threads", number, "4", 10000, "C threads", makeThreads},
	{"thread-stack", size, "256KB", 64 * mb, "stack that each of them touches", nil},
	{"named", nameSize, "TXMetaCache=128MB", maxSize, "named anonymous memory; repeatable", makeNamed},
	{"file", size, "16MB", maxSize, "a file, mapped shared and read", makeFile},
	{"file-written", size, "0", maxSize, "a file, mapped shared and written", makeFileWritten},
	{"file-private", size, "0", maxSize, "a file, mapped private and read, a quarter written", makeFilePrivate},
	{"bss", size, "0", len(zeroed), "zeroed data of the program", makeBSS},
	{"anon-ro", size, "0", maxSize, "anonymous memory, touched, then read-only", makeAnonRO},
	{"anon-exec", size, "0", maxSize, "anonymous memory, touched, then executable", makeAnonExec},
	{"anon-none", size, "0", maxSize, "anonymous memory, touched, then without access", makeAnonNone},
	{"shared-anon", size, "0", maxSize, "shared anonymous memory", makeSharedAnon},
	{"memfd", size, "0", maxSize, "memory of memfd_create", makeMemfd},
	{"sysv", size, "0", maxSize, "a System V shared memory segment", makeSysV},
	{"shm", size, "0", maxSize, "a file in /dev/shm", makeShm},
	{"lazyfree", size, "0", maxSize, "anonymous memory after MADV_FREE", makeLazyFree},
	{"swap", size, "0", maxSize, "anonymous memory that was swapped out", makeSwapped},
	{"thp", size, "0", maxSize, "transparent huge pages", makeTHP},
	{"hugetlb", size, "0", maxSize, "hugetlb pages, which RSS does not count", makeHugetlb},
	{"untouched", size, "0", maxSize, "mapped, never touched: virtual only", makeUntouched},
	{"reserved", size, "0", maxSize, "reserved without access: virtual only", makeReserved},
}

// makeAll makes what c asks for, in the order of the table, or as much of that
// as there is until stopped is done. What cannot be made is a warning.
func makeAll(stopped context.Context, c config, warnings io.Writer) []row {
	var rows []row
	for _, k := range kinds {
		if k.make == nil {
			continue
		}
		for _, a := range c.amounts[k.flag] {
			if a.n == 0 || stopped.Err() != nil {
				continue
			}
			rows = append(rows, k.row(a, c, warnings))
		}
	}
	return rows
}

func (k kind) row(a amount, c config, warnings io.Writer) row {
	what := k.flag
	if a.name != "" {
		what += " " + a.name
	}
	m, err := k.make(a, c)
	if err != nil {
		m.how = fmt.Sprintf("not all made: %v", err)
		fmt.Fprintf(warnings, "memdemo: warning: %s: made %s of %s: %v\n", what, k.format(m.n), k.format(a.n), err)
	}
	return row{what, k, m}
}

// format returns n in the unit of the kind's flag.
func (k kind) format(n int) string {
	if k.takes == number {
		return strconv.Itoa(n)
	}
	return formatSize(n)
}

func printTable(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "what\tmade\thow")
	for _, r := range rows {
		fmt.Fprintf(t, "%s\t%s\t%s", r.what, r.kind.format(r.n), r.how)
		if r.at != 0 {
			fmt.Fprintf(t, ", at %x", r.at)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}
