package memanalyzer

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

	"example.com/memanalyzer/csrc/core"
)

// How the library's results become a Report. Its fields are found by their tags: the name that
// the kernel, or the library, gives a figure.

// places are the offsets of T's fields in the order of names; noPlace for a name without a field.
func places[T any](names []string) []uintptr {
	t := reflect.TypeFor[T]()
	offsets := slices.Repeat([]uintptr{noPlace}, len(names))
	for i := range t.NumField() {
		if place := number(names, t.Field(i).Tag.Get("mema")); place >= 0 {
			offsets[place] = t.Field(i).Offset
		}
	}
	return offsets
}

const noPlace = ^uintptr(0)

var (
	columnPlaces = places[Columns](names.Fields)
	limitPlaces  = places[Limits](names.Limits)
)

// fill sets the fields of t, each a Size or a Count, whose bits are set in known.
func fill[T any](t *T, places []uintptr, known uint64, values []uint64) {
	for i, place := range places {
		if place != noPlace && known>>i&1 == 1 {
			*(*Size)(unsafe.Add(unsafe.Pointer(t), place)) = Size{values[i], true}
		}
	}
}

func columnsOf(mappings, present uint64, values [28]uint64) (c Columns) {
	c.Mappings = int(mappings)
	fill(&c, columnPlaces, present, values[:])
	return c
}

func sumsOf(s core.Sums) Columns { return columnsOf(s.Mappings, s.Present, s.Value) }

// buildReport lists the regions that o asks for.
func buildReport(r core.Report, o readOptions) *Report {
	results, limits := r.Results(), r.Limits()
	report := &Report{Source: SourceSmaps, Allocator: names.Allocators[results.Allocator], Totals: sumsOf(results.Totals)}
	if results.Scanned {
		report.Source = SourceScan
	}
	fill(&report.Limits, limitPlaces, limits.Known, limits.Value[:])
	for i, id := range names.GroupIDs {
		report.Groups = append(report.Groups, Group{ID: id, Name: names.GroupNames[i], Parts: partsOf(results, id)})
	}
	for i, c := range results.Category {
		g := &report.Groups[names.CategoryGroups[i]]
		g.RSS += c.Sums.Value[number(names.Fields, "Rss")]
		g.Categories = append(g.Categories, categoryOf(r, results, i))
	}
	for i, p := range results.Proof {
		if p.Known {
			report.Proofs = append(report.Proofs, Proof{ID: names.Proofs[i], Held: p.Held, Found: p.Found, Least: p.Least, Most: p.Most, Beside: p.Beside})
		}
	}
	for i := range min(r.Rows(o.sort), o.top) {
		report.Regions = append(report.Regions, regionOf(r.Row(o.sort, i)))
	}
	for warning := r.Warning(0); warning != ""; warning = r.Warning(uint32(len(report.Warnings))) {
		report.Warnings = append(report.Warnings, warning)
	}
	return report
}

func categoryOf(r core.Report, results *core.Results, i int) Category {
	c := results.Category[i]
	category := Category{
		ID: names.CategoryIDs[i], Name: names.CategoryNames[i], Method: Method(names.Methods[c.Method]), Low: c.Low, High: c.High,
		Columns: sumsOf(c.Sums), Parts: partsOf(results, names.CategoryIDs[i]),
	}
	if category.ID == "named" {
		for i := range results.NameCount {
			name := r.Name(i)
			category.Names = append(category.Names, Name{name.Name, sumsOf(name.Sums)})
		}
	}
	return category
}

// partsOf returns the parts whose ids begin with that of their whole.
func partsOf(results *core.Results, whole string) []Part {
	var parts []Part
	for i, p := range results.Part {
		if id, ok := strings.CutPrefix(names.Parts[i], whole+"/"); ok && !strings.Contains(id, "/") {
			parts = append(parts, Part{ID: id, Committed: p.Committed, RSS: p.RSS, Low: p.Low, High: p.High})
		}
	}
	return parts
}

func regionOf(g core.Region) Region {
	return Region{
		Start: g.Start, End: g.End, Offset: g.Offset, Device: [2]uint32{uint32(g.DeviceMajor), uint32(g.DeviceMinor)},
		Inode: g.Inode, Perms: g.Perms, VMFlags: g.VMFlags, Name: g.Name,
		Category: names.CategoryIDs[g.Category], Method: Method(names.Methods[g.Method]),
		Columns: columnsOf(1, g.Present, g.Value),
	}
}
