//go:build linux

package main

// The table of kinds of memory; how it is made and printed. The functions that make a kind are in
// goheap.go, malloc_cgo.go and mappings.go.

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
)

// A kind is a flag and the memory that it makes. Some flags only modify another kind.
type kind struct {
	flag     string
	takes    value
	standard string // the default, as a value of the flag
	most     int    // the largest value
	help     string

	// make makes an amount that is not 0. With an error, it returns what it has made. It is nil
	// if another kind's make reads the flag.
	make func(amount, config) (made, error)
}

// made is the memory of one kind.
type made struct {
	n    int     // bytes, or a count, as in the flag
	how  string  // one line: how it was made, and its name in smaps
	at   uintptr // the start of a mapping, otherwise 0
	keep any     // keeps it reachable

	spans []span // its place on the Go heap, also after it was collected
}

// A span is a range of addresses, which does not keep memory alive.
type span struct {
	at uintptr
	n  int
}

// A row is a line of the table that memdemo prints.
type row struct {
	what string
	kind kind
	made
}

// kinds are made in this order: garbage and malloc-freed leave free memory, which goroutines and
// malloc would reuse if they came later.
var kinds = []kind{
	{"heap", size, "64MB", maxSize, "Go heap that stays reachable", makeHeap},
	{"heap-untouched", size, "0", maxSize, "Go heap that stays reachable, never touched, in blocks of 8 kB", makeHeapUntouched},
	{"goroutines", number, "2000", 1000000, "blocked goroutines", makeGoroutines},
	{"goroutine-stack", size, "0", 64 * mb, "stack that each of them uses", nil},
	{"garbage", size, "0", maxSize, "Go heap that was dropped and then collected", makeGarbage},
	{"malloc", size, "32MB", maxSize, "C malloc", makeMalloc},
	{"malloc-freed", size, "0", maxSize, "C malloc; every second block is freed again", makeMallocFreed},
	{"malloc-block", size, "4KB", 64 * mb, "size of their blocks, with malloc's overhead", nil},
	{"arenas", number, "0", 1000, "threads for each of them, with an arena each; 0: the main arena", nil},
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

// makeAll makes the amounts in c, in the order of the table, until stopped is done. It warns of
// amounts that cannot be made.
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

// format returns n as a value of the kind's flag.
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
