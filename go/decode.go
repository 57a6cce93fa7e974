package memanalyzer

import (
	"slices"
	"strings"
)

// A core gives numbers and texts (csrc/memanalyzer.h says which); here they
// become a Report.

// reading is one report in the making: a core's report.
type reading interface {
	Collect(pid uint64) error // reads a process; 0 is this one
	Feed(piece []byte) error  // takes the next piece of a text; nil closes it
	Finish(after []uint64)    // closes the report
	Totals() []uint64         // struct mema_sums
	Category(i int) []uint64  // struct mema_category
	Part(i int) []uint64      // struct mema_part
	Proof(i int) []uint64     // struct mema_proof
	Limits() []uint64         // struct mema_limits
	Names() int
	Name(i int) ([]uint64, string)
	Rows(sort uint64) int // in an order; see readOptions
	Row(sort uint64, i int) (numbers []uint64, perms, flags, name string)
	Warning(i int) string
	Scanned() bool // the source was a scan, not smaps
	// Write is nil where there is no memory for it. The reading is closed after what is
	// written of it; there can be several outputs at a time.
	Write(f rendering) output
	// WriteDifferences is of what has changed since another reading; both are compared.
	WriteDifferences(before reading, f rendering) output
	Close()
}

// output is a reading that is being written.
type output interface {
	Next(buf []byte) int // 0 at its end
	Close()
}

// A rendering says how a reading is written: struct mema_output_options.
type rendering struct {
	Form, Unit, Top, Sort uint64
	HideAddresses         bool
	RSSOnly               bool
	Origin                []uint64 // struct mema_origin; nil: a file's
}

// tables are the names that a core has for its numbers.
type tables struct {
	fields, groupIDs, groupNames, categoryIDs, categoryNames, methods, parts, proofs, limits, sorts, sources, units, forms, mediaTypes []string

	categoryGroups  []int
	formDifferences []bool // whether a form has them
}

var names = withProfile(newTables())

// withProfile adds the form that Go writes behind those of the core, where there is one.
func withProfile(t tables) tables {
	if t.forms != nil {
		t.forms = append(t.forms, "pprof")
		t.mediaTypes = append(t.mediaTypes, "application/octet-stream")
		t.formDifferences = append(t.formDifferences, true)
	}
	return t
}

// columns are the columns of each field, in the order of names.fields; nil where
// a field has none.
var columns = fieldColumns()

func fieldColumns() []func(*Columns) *Size {
	of := map[string]func(*Columns) *Size{
		"Size":            func(c *Columns) *Size { return &c.Virtual },
		"Rss":             func(c *Columns) *Size { return &c.RSS },
		"Pss":             func(c *Columns) *Size { return &c.PSS },
		"Pss_Dirty":       func(c *Columns) *Size { return &c.PSSDirty },
		"Pss_Anon":        func(c *Columns) *Size { return &c.PSSAnon },
		"Pss_File":        func(c *Columns) *Size { return &c.PSSFile },
		"Pss_Shmem":       func(c *Columns) *Size { return &c.PSSShmem },
		"Shared_Clean":    func(c *Columns) *Size { return &c.SharedClean },
		"Shared_Dirty":    func(c *Columns) *Size { return &c.SharedDirty },
		"Private_Clean":   func(c *Columns) *Size { return &c.PrivateClean },
		"Private_Dirty":   func(c *Columns) *Size { return &c.PrivateDirty },
		"Referenced":      func(c *Columns) *Size { return &c.Referenced },
		"Anonymous":       func(c *Columns) *Size { return &c.Anonymous },
		"KSM":             func(c *Columns) *Size { return &c.KSM },
		"LazyFree":        func(c *Columns) *Size { return &c.LazyFree },
		"AnonHugePages":   func(c *Columns) *Size { return &c.AnonHuge },
		"ShmemPmdMapped":  func(c *Columns) *Size { return &c.ShmemHuge },
		"FilePmdMapped":   func(c *Columns) *Size { return &c.FileHuge },
		"Shared_Hugetlb":  func(c *Columns) *Size { return &c.SharedHuge },
		"Private_Hugetlb": func(c *Columns) *Size { return &c.PrivateHuge },
		"Swap":            func(c *Columns) *Size { return &c.Swap },
		"SwapPss":         func(c *Columns) *Size { return &c.SwapPSS },
		"Locked":          func(c *Columns) *Size { return &c.Locked },
	}
	var columns []func(*Columns) *Size
	for _, label := range names.fields {
		columns = append(columns, of[label])
	}
	return columns
}

// decodeColumns takes a present mask and the values of all fields.
func decodeColumns(mappings, present uint64, values []uint64) Columns {
	c := Columns{Mappings: int(mappings)}
	for i, column := range columns {
		if column != nil && present>>i&1 == 1 {
			*column(&c) = Size{values[i], true}
		}
	}
	return c
}

// decodeSums takes a struct mema_sums.
func decodeSums(words []uint64) Columns {
	return decodeColumns(words[0], words[1], words[2:])
}

// decodeReport lists the regions that are asked for.
func decodeReport(r reading, o readOptions) *Report {
	report := &Report{Source: "smaps", Totals: decodeSums(r.Totals()), Limits: decodeLimits(r.Limits())}
	if r.Scanned() {
		report.Source = "scan"
	}
	for i, id := range names.groupIDs {
		report.Groups = append(report.Groups, Group{ID: id, Name: names.groupNames[i], Parts: decodeParts(r, id)})
	}
	for i := range names.categoryIDs {
		g := &report.Groups[names.categoryGroups[i]]
		c := decodeCategory(r, i)
		g.RSS += c.RSS.Bytes
		g.Categories = append(g.Categories, c)
	}
	for i, id := range names.proofs {
		w := r.Proof(i)
		if w[0] == 1 {
			report.Proofs = append(report.Proofs, Proof{ID: id, Held: w[1] == 1, Found: w[2], Least: w[3], Most: w[4], Beside: w[5]})
		}
	}
	for i := range int(min(uint64(r.Rows(o.sort)), o.top)) {
		report.Regions = append(report.Regions, decodeRegion(r.Row(o.sort, i)))
	}
	for i := 0; ; i++ {
		warning := r.Warning(i)
		if warning == "" {
			return report
		}
		report.Warnings = append(report.Warnings, warning)
	}
}

// decodeLimits takes a struct mema_limits.
func decodeLimits(words []uint64) Limits {
	var l Limits
	sizes := map[string]*Size{
		"cgroup.usage":         &l.CgroupUsage,
		"cgroup.peak":          &l.CgroupPeak,
		"cgroup.high":          &l.CgroupHigh,
		"cgroup.limit":         &l.CgroupLimit,
		"cgroup.room":          &l.CgroupRoom,
		"cgroup.room_limit":    &l.CgroupRoomLimit,
		"cgroup.inactive_file": &l.CgroupInactiveFile,
		"go.gomemlimit":        &l.GOMEMLIMIT,
	}
	counts := map[string]*Count{
		"cgroup.limit_level": &l.CgroupLimitLevel,
		"cgroup.oom_kills":   &l.CgroupOOMKills,
		"mappings.max":       &l.MaxMappings,
		"kernel.names":       &l.KernelNames,
		"go.gogc":            &l.GOGC,
	}
	for i, id := range names.limits {
		if words[0]>>i&1 == 0 {
			continue
		}
		if size := sizes[id]; size != nil {
			*size = Size{words[1+i], true}
		} else {
			*counts[id] = Count{words[1+i], true}
		}
	}
	return l
}

func decodeCategory(r reading, i int) Category {
	words := r.Category(i)
	sums, rest := words[:len(words)-5], words[len(words)-3:]
	c := Category{
		ID: names.categoryIDs[i], Name: names.categoryNames[i],
		Method: names.methods[rest[0]], Low: rest[1], High: rest[2],
		Columns: decodeSums(sums), Parts: decodeParts(r, names.categoryIDs[i]),
	}
	if c.ID == "named" {
		for i := range r.Names() {
			sums, name := r.Name(i)
			c.Names = append(c.Names, Name{name, decodeSums(sums)})
		}
	}
	return c
}

// decodeParts takes those whose identifiers begin with that of their whole.
func decodeParts(r reading, of string) []Part {
	var parts []Part
	for i, id := range names.parts {
		if name, ok := strings.CutPrefix(id, of+"/"); ok && !strings.Contains(name, "/") {
			w := r.Part(i)
			parts = append(parts, Part{ID: name, Committed: w[0], RSS: w[1], Low: w[2], High: w[3]})
		}
	}
	return parts
}

// decodeRegion takes the numbers of a struct mema_region: eight, the values of
// all fields, then two, category and method.
func decodeRegion(n []uint64, perms, flags, name string) Region {
	values, rest := n[8:8+len(names.fields)], n[8+len(names.fields):]
	return Region{
		Start: n[0], End: n[1], Offset: n[2], Device: [2]uint32{uint32(n[3]), uint32(n[4])}, Inode: n[5],
		Perms: perms, VMFlags: flags, Name: name,
		Category: names.categoryIDs[rest[2]], Method: names.methods[rest[3]],
		Columns: decodeColumns(1, n[7], values),
	}
}

// number returns the place of a name in a table, -1 where it is not.
func number(table []string, name string) int { return slices.Index(table, name) }
