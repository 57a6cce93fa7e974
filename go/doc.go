// Package memanalyzer shows where all resident memory of a Go process is, not
// only Go's own heap:
//
//	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
//
// The handler reads /proc/self/smaps and answers with the Go runtime's memory,
// named mappings, files, the C heap, thread stacks and the rest: every resident
// byte is in exactly one category, and the categories add up to RSS.
//
// The report shows addresses, paths and names. Register the handler where pprof
// is registered: on a listener of its own, on loopback or behind
// authentication. [New] makes a handler with options for that.
//
// # Parameters
//
//	top=N      how many of the largest mappings to list, 0 to 100000, or all; 20
//	sort=KEY   their order: rss, pss, private, dirty, swap, size, address, name; rss
//	unit=UNIT  MB, KB, B or auto; MB (1 MB = 1024 x 1024 bytes)
//	source=S   smaps, scan (Linux 6.7: for less of the kernel's work, sizes and RSS only) or auto:
//	           scan for openmetrics, smaps for the rest; auto
//	seconds=N  what changes in 1 to 300 seconds
//	gc=1       collect garbage first
//	fresh=1    a report of now
//	format=F   text, json, openmetrics, pprof, or smaps, a capture that [Parse] makes
//	           the same report of; text
//
// csrc/memanalyzer.schema.json describes the JSON. The text is a contract for scripts: titles and labels do not change, and
//
//	curl -s http://localhost:6060/debug/memory | grep "RSS (Resident)" | awk '{print $3}'
//
// prints one integer, in MB.
//
// # How often
//
// A process reads itself for at most 1% of the time, whoever asks: after a reading that took t
// there is none for 100 t, a minute at the most. Who asks meanwhile gets the last one, and its
// age in the header Age. What no kept reading can answer (top above 100, gc, seconds, fresh,
// smaps and pprof) is answered 503 with Retry-After until there can be one, which is then for
// who was refused; fresh=1 is refused for 10 t only, and a second at least. [Read] always reads.
//
// # In a program
//
// [Read] returns a [Report] of this process, [ReadProcess] one of another, [Parse]
// one of a saved smaps. A report has totals, groups, categories with stable
// identifiers, and regions.
//
// # Profiles
//
//	go tool pprof -http=: 'http://localhost:6060/debug/memory?format=pprof'
//
// shows all that is resident as one flame graph. Below what the last collection left on
// the heap are the call stacks of the runtime's heap profile, below the Go stacks the
// functions that goroutines were started with: each has the share of what is resident that it
// has of the runtime's profile. So a program with this package in it samples its
// allocations, as with net/http/pprof: see [runtime.MemProfileRate]. The world stands still
// for two short moments while goroutines are counted; above 10,000 of them they are not. The
// 10,000 mappings that span the most are in it one by one.
// [Report.WriteProfile] writes one of a report, such as a saved one.
//
// # Labels
//
// Memory that a program maps for itself, such as a cache, has a row of its own in
// the report where it has a name:
//
//	cache, err := memanalyzer.Mmap(1<<30, "TXMetaCache")
//
// [Label] names memory that is mapped already.
//
// # Systems
//
// Reports and labels need Linux and cgo. Elsewhere everything builds, the handler answers
// 501, and the functions return an error that is [ErrUnsupported].
package memanalyzer
