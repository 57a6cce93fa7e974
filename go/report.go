package memanalyzer

import (
	"iter"
	"time"
)

// A Size is a number of bytes, or that it is not known: what the kernel does not
// print is not zero.
type Size struct {
	Bytes uint64
	Known bool
}

// A Count is a number of something, or that it is not known.
type Count struct {
	N     uint64
	Known bool
}

// Columns are the sums of what the kernel prints of mappings; see proc(5).
type Columns struct {
	Mappings     int
	Virtual      Size // address space; Size, or end - start where the kernel does not print it
	RSS          Size // resident; hugetlb pages and swap are not in it
	PSS          Size // resident, shared pages divided by the processes that share them
	PSSDirty     Size
	PSSAnon      Size // these three: of smaps_rollup only
	PSSFile      Size
	PSSShmem     Size
	SharedClean  Size
	SharedDirty  Size
	PrivateClean Size
	PrivateDirty Size
	Referenced   Size
	Anonymous    Size
	KSM          Size
	LazyFree     Size // still in RSS, though the kernel may take it at any moment
	AnonHuge     Size
	ShmemHuge    Size
	FileHuge     Size
	SharedHuge   Size // hugetlb, not in RSS
	PrivateHuge  Size // hugetlb, not in RSS
	Swap         Size
	SwapPSS      Size
	Locked       Size
}

// A Report says where the memory of a process is. The categories add up to
// Totals.RSS, in bytes.
type Report struct {
	Time     time.Time     // when the reading began
	Cost     time.Duration // how long it took, without waiting for others
	Source   string        // "smaps", "scan" or "file"
	Age      time.Duration // how long ago that was; of a kept one of an [Analyzer]
	Totals   Columns
	Limits   Limits
	Groups   []Group
	Proofs   []Proof  // what could be checked
	Regions  []Region // those that the options ask for, in their order
	Warnings []string
}

// Limits are what bounds the memory of a process from outside. What is not known is not
// Known, nor is a limit that nobody has set.
//
// Numbers of the cgroup (v2's, or v1's where that has the memory controller) are of all
// its processes, with the files that they have read and the kernel's memory for them. A
// limit is the least of the cgroup's own and of its ancestors', as far as they can be seen
// from here: in a container mostly its own only.
type Limits struct {
	CgroupUsage        Size  // memory.current
	CgroupPeak         Size  // memory.peak: the most that it ever was; from Linux 5.19 on, or in v1
	CgroupHigh         Size  // memory.high: from there on its processes are slowed down; not in v1
	CgroupLimit        Size  // memory.max: there the kernel ends one of them
	CgroupLimitLevel   Count // whose CgroupLimit is: 0 its own, 1 its parent's, and so on
	CgroupRoom         Size  // what the nearest of the limits leaves, whosever it is
	CgroupRoomLimit    Size  // of that limit
	CgroupInactiveFile Size  // files that can be dropped to leave more; looked at where CgroupRoom is below a tenth of that limit
	CgroupOOMKills     Count // processes of the cgroup that the kernel has ended
	MaxMappings        Count // vm.max_map_count, which Totals.Mappings cannot pass
	KernelNames        Count // 1 where the kernel has names of anonymous memory, 0 where it has none
	GOMEMLIMIT         Size  // in force (/gc/gomemlimit); math.MaxInt64: none
	GOGC               Count // in force, percent (/gc/gogc); math.MaxUint64: off
}

// A Group is a section of the report, such as "Go Runtime".
type Group struct {
	ID         string // stable: "go"
	Name       string
	RSS        uint64 // bytes
	Categories []Category
	Parts      []Part // of "malloc": in_use, threads' caches among it, and retained
}

// A Category is a kind of memory. All of them are in the report, those that hold
// nothing, too.
type Category struct {
	ID     string // stable: "go/heap"; "named" for all named memory
	Name   string
	Method string // how it is known, at the least: named, verified, estimated or inferred
	Low    uint64 // bytes of RSS that are certain to be in it
	High   uint64 // bytes of RSS that may be in it
	Columns
	Names []Name // of the category "named": one a name, the largest first
	Parts []Part // of "go/heap": marked, since (or dead and not swept), unused, free and released
}

// A Part is what a process says that memory is made of, such as free memory on its
// heap. What it says is committed, not resident: RSS is the share that is resident,
// as far as can be said, and from Low to High for certain. All are bytes.
type Part struct {
	ID                        string
	Committed, RSS, Low, High uint64
}

// A Proof is a check of the mappings that were found against what the process says
// of itself. They are bytes of address space.
type Proof struct {
	ID          string // "go_heap", "malloc", "malloc_mmap"
	Held        bool   // Found is from Least to Most + Beside
	Found       uint64
	Least, Most uint64 // what the process said before and after the reading
	Beside      uint64 // what it may have there, at the most, and count elsewhere
}

// A Name is all memory that was given one name.
type Name struct {
	Name string
	Columns
}

// A Region is one mapping.
type Region struct {
	Start, End uint64 // End is 0 where it is 2^64
	Perms      string // "rw-p"
	Offset     uint64
	Device     [2]uint32 // major, minor
	Inode      uint64
	Name       string // as the kernel prints it; any bytes
	VMFlags    string // "rd wr mr", "" where the kernel prints none
	Category   string // a category's stable identifier
	Method     string
	Columns
}

// Categories ranges over the categories of all groups.
func (r *Report) Categories() iter.Seq[Category] {
	return func(yield func(Category) bool) {
		for _, g := range r.Groups {
			for _, c := range g.Categories {
				if !yield(c) {
					return
				}
			}
		}
	}
}

// Category returns the category with a stable identifier; the zero Category
// where there is none.
func (r *Report) Category(id string) Category {
	for c := range r.Categories() {
		if c.ID == id {
			return c
		}
	}
	return Category{}
}
