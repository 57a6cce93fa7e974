package memanalyzer

import (
	"iter"
	"time"
)

// A Size is a number of bytes. It is not Known if the kernel or the runtime does not tell it,
// which is not the same as 0.
type Size struct {
	Bytes uint64
	Known bool
}

// A Count is a number of things. See [Size] for Known.
type Count struct {
	N     uint64
	Known bool
}

// Columns are what the kernel prints for mappings, added up; see proc(5).
type Columns struct {
	Mappings     int
	Virtual      Size `mema:"Size"` // address space: Size, or the difference of the addresses
	RSS          Size `mema:"Rss"`  // resident, without hugetlb pages and swap
	PSS          Size `mema:"Pss"`  // resident; each shared page divided by the number of processes that share it
	PSSDirty     Size `mema:"Pss_Dirty"`
	PSSAnon      Size `mema:"Pss_Anon"` // PSSAnon, PSSFile, PSSShmem: in smaps_rollup only
	PSSFile      Size `mema:"Pss_File"`
	PSSShmem     Size `mema:"Pss_Shmem"`
	SharedClean  Size `mema:"Shared_Clean"`
	SharedDirty  Size `mema:"Shared_Dirty"`
	PrivateClean Size `mema:"Private_Clean"`
	PrivateDirty Size `mema:"Private_Dirty"`
	Referenced   Size `mema:"Referenced"`
	Anonymous    Size `mema:"Anonymous"`
	KSM          Size `mema:"KSM"`
	LazyFree     Size `mema:"LazyFree"` // in RSS, but the kernel may reclaim it at any time
	AnonHuge     Size `mema:"AnonHugePages"`
	ShmemHuge    Size `mema:"ShmemPmdMapped"`
	FileHuge     Size `mema:"FilePmdMapped"`
	SharedHuge   Size `mema:"Shared_Hugetlb"`  // hugetlb, not in RSS
	PrivateHuge  Size `mema:"Private_Hugetlb"` // hugetlb, not in RSS
	Swap         Size `mema:"Swap"`
	SwapPSS      Size `mema:"SwapPss"`
	Locked       Size `mema:"Locked"`
}

// A Report says where the memory of a process is. The RSS of its categories adds up to
// Totals.RSS, to the byte.
type Report struct {
	Time   time.Time     // start of the reading
	Cost   time.Duration // duration of the reading, without the wait for other readings
	Source Source
	Age    time.Duration // time since the end of the reading, if an [Analyzer] made the report
	Totals Columns
	Limits Limits
	Groups []Group
	// Allocator is the library that has the process's malloc: "glibc", "musl", "jemalloc" and so on,
	// "another allocator", or "unknown". From outside it is one whose library is mapped.
	Allocator string
	Proofs    []Proof  // the checks that were possible
	Regions   []Region // as the options say
	Warnings  []string
}

// Limits are the limits on the memory of a process. What is not set is not Known, nor is what
// another process cannot know.
//
// The figures of the cgroup (version 2, or version 1 if that has the memory controller) are of
// all its processes, including the files that they have read and the kernel's memory for them.
// Limits of ancestors count as far as they can be seen from here: in a container, usually only
// its own cgroup can be seen.
type Limits struct {
	CgroupUsage        Size  `mema:"cgroup.usage"`         // memory.current
	CgroupPeak         Size  `mema:"cgroup.peak"`          // memory.peak: the largest usage ever; Linux 5.19, or version 1
	CgroupHigh         Size  `mema:"cgroup.high"`          // memory.high: the kernel throttles the processes above it; version 2
	CgroupLimit        Size  `mema:"cgroup.limit"`         // memory.max: the kernel kills a process above it; the least of the ancestors' and its own
	CgroupLimitLevel   Count `mema:"cgroup.limit_level"`   // whose limit CgroupLimit is: 0 its own, 1 its parent's, and so on
	CgroupRoom         Size  `mema:"cgroup.room"`          // what the nearest limit, own or an ancestor's, leaves
	CgroupRoomLimit    Size  `mema:"cgroup.room_limit"`    // that limit
	CgroupInactiveFile Size  `mema:"cgroup.inactive_file"` // file pages that can be dropped; read if CgroupRoom is below a tenth of its limit
	CgroupOOMKills     Count `mema:"cgroup.oom_kills"`     // processes of the cgroup that the kernel has killed
	MaxMappings        Count `mema:"mappings.max"`         // vm.max_map_count, the limit on Totals.Mappings
	KernelNames        Count `mema:"kernel.names"`         // 1 if the kernel has names of anonymous memory, else 0
	GOMEMLIMIT         Size  `mema:"go.gomemlimit"`        // in force (/gc/gomemlimit); not Known if there is no limit
	GOGC               Count `mema:"go.gogc"`              // in force, percent (/gc/gogc); math.MaxUint64 if off
}

// A Group is a section of the report, such as "Go Runtime".
type Group struct {
	ID         string // stable, such as "go"
	Name       string
	RSS        uint64 // bytes
	Categories []Category
	Parts      []Part // of "malloc": in_use, which includes threads' caches, and retained
}

// A Method says how a figure is known.
type Method string

// From the most to the least certain.
const (
	MethodNamed     Method = "named"     // by the kernel: a name, a path, permissions
	MethodVerified  Method = "verified"  // by mappings whose size equals the figure of the runtime or malloc
	MethodEstimated Method = "estimated" // by dividing resident memory like committed memory; Low and High are certain
	MethodInferred  Method = "inferred"  // by the form of a mapping and its neighbors
)

// A Category is a kind of memory. A report has all of them, even if they are empty.
type Category struct {
	ID     string // stable, such as "go/heap"; "named" has all named memory
	Name   string
	Method Method // the least certain one of its memory
	Low    uint64 // at least so many bytes of RSS are of this category
	High   uint64 // at most so many bytes of RSS are of this category
	Columns
	Names []Name // of the category "named": one per name, the largest first
	Parts []Part // of "go/heap": marked, since (or dead and not swept), unused, free and released
}

// A Part is a use of memory that only the process itself knows, such as free memory on its heap.
// Sizes are bytes.
type Part struct {
	ID        string
	Committed uint64 // as the runtime or malloc says, resident or not
	RSS       uint64 // the resident share, estimated
	Low, High uint64 // certain bounds of RSS
}

// A Proof compares mappings that were found with what the process says of itself. Sizes are
// bytes of address space.
type Proof struct {
	ID          string // "go_heap", "malloc" or "malloc_mmap"
	Held        bool   // Least <= Found <= Most + Beside
	Found       uint64
	Least, Most uint64 // what the process said before and after the reading
	Beside      uint64 // what the process may have counted elsewhere
}

// A Name is all memory with one name.
type Name struct {
	Name string
	Columns
}

// A Region is a mapping.
type Region struct {
	Start, End uint64 // End is 0 if the region ends at 2^64
	Perms      string // such as "rw-p"
	Offset     uint64
	Device     [2]uint32 // major, minor
	Inode      uint64
	Name       string // as the kernel prints it: any bytes
	VMFlags    string // such as "rd wr mr"; "" if the kernel prints none
	Category   string // the ID of a [Category]
	Method     Method
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

// Category returns the category with an ID, or the zero Category.
func (r *Report) Category(id string) Category {
	for c := range r.Categories() {
		if c.ID == id {
			return c
		}
	}
	return Category{}
}
