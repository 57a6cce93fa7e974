// Package memanalyzer shows where all resident memory of a Go process is, not only Go's own heap:
//
//	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
//
// The handler reads /proc/self/smaps and answers with the Go runtime's memory, named mappings,
// files, the C heap, thread stacks and the rest. Every resident byte is in exactly one category,
// and the categories add up to RSS.
//
// The report shows addresses, paths and names. Register the handler together with pprof: on a
// separate listener, on loopback or behind authentication. [New] makes a handler with options for
// that.
//
// # Parameters
//
//	top=N      the number of mappings to list, the largest first: 0 to 100000, or all; 20
//	sort=KEY   their order: rss, pss, private, dirty, swap, size, address, name; rss
//	unit=UNIT  MB, KB, B or auto; MB (1 MB = 1024 x 1024 bytes)
//	source=S   smaps, scan (cheaper; Linux 6.7; sizes and RSS only), or auto: scan for openmetrics,
//	           smaps for the rest; auto
//	seconds=N  report what changes in 1 to 300 seconds, the largest change first
//	gc=1       collect garbage first
//	fresh=1    never answer with the kept reading
//	format=F   text, json, openmetrics, pprof, or smaps, a capture that [Parse] turns into the
//	           same report; text
//
// csrc/memanalyzer.schema.json describes the JSON. Scripts may rely on the text: titles and labels
// do not change, and
//
//	curl -s http://localhost:6060/debug/memory | grep "RSS (Resident)" | awk '{print $3}'
//
// prints one integer, in MB.
//
// # How often
//
// A process reads itself for at most 1% of the time, once at a time: a reading of duration t is
// followed by a pause of 100 t, at most a minute. During the pause, requests get the kept reading,
// with its age in the header Age. Requests that need their own reading (top above 100, gc, seconds,
// fresh, format smaps or pprof) get 503 with Retry-After, and come first after the pause. A kept
// reading older than a minute is renewed during a pause, too. [Read] always reads.
//
// # In a program
//
// [Read] returns a [Report] of this process, [ReadProcess] of another process, [Parse] of a saved
// smaps. A report has totals, groups, categories with stable identifiers, and regions.
// [Analyzer.Report] shares readings with the handler.
//
// # Profiles
//
//	go tool pprof -http=: 'http://localhost:6060/debug/memory?format=pprof'
//
// shows all resident memory as a graph or a flame graph. The part of the heap that the last
// collection has marked is divided by the call stacks of the runtime's heap profile, and goroutine
// stacks by the functions that goroutines were started with, in proportion to the runtime's
// profiles. Therefore a program with this package samples its allocations, as with
// net/http/pprof; see [runtime.MemProfileRate]. Counting goroutines stops the world for two short
// moments; if there are more than 10,000, they are not counted. The profile has the 10,000 largest
// mappings. [Report.WriteProfile] writes the profile of any report, such as a saved one.
//
// # Labels
//
// Memory that a program maps for itself, such as a cache, has its own row in the report if it has
// a name:
//
//	cache, err := memanalyzer.Mmap(1<<30, "TXMetaCache")
//
// [Label] names memory that is mapped already.
//
// # Systems
//
// The package supports Go 1.26 and 1.27, with or without cgo: without it, or with the build tag
// memanalyzer_nocgo, a Go translation of the C library is used, and only figures of malloc are
// missing. Reports and labels need Linux. On other systems, [Parse] and [Mmap] work, the handler
// answers 501, and the other functions return [ErrUnsupported].
package memanalyzer
