// Package core is the boundary between package memanalyzer and the C library: the structs of
// csrc/memanalyzer.h, and the calls of a binding. Package csrc binds by cgo; go/internal/plain has the
// library translated to Go. Members have the
// names, units and meanings that memanalyzer.h gives them: InUse is in_use. An enum is an index
// into its table in [Tables].
package core

type (
	Sums struct {
		Mappings, Present uint64
		Value             [28]uint64
	}
	Category struct {
		Sums                         Sums
		Committed, Unsure, Low, High uint64
		Method                       uint32
	}
	Part  struct{ Committed, RSS, Low, High uint64 }
	Proof struct {
		Known, Held                bool
		Found, Least, Most, Beside uint64
	}
	Name struct {
		Sums Sums
		Name string
	}
	Region struct {
		Start, End, Offset, DeviceMajor, DeviceMinor, Inode, Line, Present uint64
		Value                                                              [28]uint64
		Repeated, NameCut                                                  uint64
		Category, Method                                                   uint32
		VMFlagsPresent                                                     bool
		Perms, VMFlags, Name                                               string
	}
	Malloc struct {
		Known                                  bool
		Blocks, Arena, InUse, Retained, Mapped uint64
	}
	Go struct {
		Known                                                                 bool
		HeapLive, HeapObjects, HeapUnused, HeapFree, HeapReleased, HeapStacks uint64
		Metadata, WorkBuffers, AnchorCount                                    uint64
		Anchors                                                               [8]uint64
	}
	Facts struct {
		Malloc Malloc
		Go     Go
	}
	Limits struct {
		CgroupHidden bool
		Known        uint64 // a bit for each value
		Value        [13]uint64
	}
	Options struct {
		Top                uint64
		Sort               uint32
		EverySort, ForDiff bool
		Source             uint32
		RSSOnly, KeepText  bool
	}
	Origin struct {
		Kind                  uint32
		PID, Began, Cost, Age uint64
	}
	OutputOptions struct {
		Format, Unit, Sort     uint32
		Top                    uint64
		HideAddresses, RSSOnly bool
		Origin                 Origin
	}
	Error struct {
		Status       uint32
		System       int32 // an errno
		Line, Column uint64
		Message      string
	}
	// Results are the public members of a struct mema_report that Go reads.
	Results struct {
		Totals    Sums
		Category  [27]Category
		Part      [7]Part
		Proof     [3]Proof
		NameCount uint64
		Scanned   bool
		Allocator uint32
	}
)

// OK is the Status of an Error that is none.
const OK = 0

// Tables are the names that the library has for its numbers.
type Tables struct {
	Fields, GroupIDs, GroupNames, CategoryIDs, CategoryNames, Methods, Parts, Proofs, Limits []string
	Allocators, Sorts, Sources, Units, Formats, MediaTypes, Statuses                         []string

	CategoryGroups    []int
	FormatDifferences []bool // whether a format has them
}

// A Library makes reports.
type Library interface {
	Tables() Tables
	New(Options, Facts, Limits) Report // mema_report_init; nil if there is no memory for it
	Malloc() Malloc                    // mema_malloc_read
	Label(at, size uintptr, name string, anchor uint64) Error
	RemoveLabel(at, size uintptr) Error
}

// A Report is a struct mema_report, with a parser. It is closed after its outputs.
type Report interface {
	Collect(pid uint64) Error // mema_collect
	Feed(piece []byte) Error  // mema_collect_feed; nil closes the input
	Finish(after *Facts)      // mema_report_finish
	Results() *Results
	Limits() Limits
	Name(i uint64) Name
	Warning(i uint32) string // "" behind the last one
	Rows(sort uint32) uint64 // mema_report_rows_by
	Row(sort uint32, i uint64) Region
	Write(OutputOptions) Output                             // nil if there is no memory for it
	WriteDifferences(before Report, o OutputOptions) Output // likewise; both were made with ForDiff
	Fault() Error                                           // the panic that ended the report, if any
	Close()
}

// An Output is what is being written of a report. There can be several at a time.
type Output interface {
	Next(buf []byte) int // mema_output_next; 0 also after a fault
	Close()
}
