package memanalyzer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// Reports of the captures, compared with a second, simple parser and with the kernel's own sums.

// Identifiers, names and groups of all categories, on which users rely.
var stableIDs = []struct{ group, groupName, id, name string }{
	{"go", "Go Runtime", "go/heap", "Heap"},
	{"go", "Go Runtime", "go/stack", "Stack"},
	{"go", "Go Runtime", "go/metadata", "Metadata"},
	{"named", "Named Memory Regions (mmap)", "named", "Named"},
	{"file", "File-Backed Memory", "file/libraries", "Shared Libraries"},
	{"file", "File-Backed Memory", "file/binary", "Binary"},
	{"file", "File-Backed Memory", "file/other", "Other Files"},
	{"anon", "Anonymous Memory", "anon/rw", "Read-Write"},
	{"anon", "Anonymous Memory", "anon/ro", "Read-Only"},
	{"anon", "Anonymous Memory", "anon/exec", "Executable"},
	{"anon", "Anonymous Memory", "anon/none", "No-Access"},
	{"malloc", "C Heap (malloc)", "malloc/main", "Main Arena"},
	{"malloc", "C Heap (malloc)", "malloc/arenas", "Arenas"},
	{"malloc", "C Heap (malloc)", "malloc/mmap", "Mapped Blocks"},
	{"stacks", "Thread Stacks", "stacks/main", "Main"},
	{"stacks", "Thread Stacks", "stacks/threads", "Threads"},
	{"shared", "Shared Memory", "shared/memfd", "memfd"},
	{"shared", "Shared Memory", "shared/shm", "POSIX (/dev/shm)"},
	{"shared", "Shared Memory", "shared/sysv", "System V"},
	{"shared", "Shared Memory", "shared/anon", "Anonymous"},
	{"kernel", "Kernel and Devices", "kernel/vdso", "vdso"},
	{"kernel", "Kernel and Devices", "kernel/devices", "Devices"},
	{"other", "Other", "other/loader", "Loader and libc"},
	{"other", "Other", "other/runtimes", "Other Runtimes"},
	{"other", "Other", "other/sanitizer", "Sanitizer Shadow"},
	{"other", "Other", "other/not_broken_down", "Not broken down"},
	{"other", "Other", "other/unattributed", "Unattributed"},
}

// The kernel's label for each column.
var columnLabels = []struct {
	label string
	of    func(*Columns) *Size
}{
	{"Size", func(c *Columns) *Size { return &c.Virtual }},
	{"Rss", func(c *Columns) *Size { return &c.RSS }},
	{"Pss", func(c *Columns) *Size { return &c.PSS }},
	{"Pss_Dirty", func(c *Columns) *Size { return &c.PSSDirty }},
	{"Shared_Clean", func(c *Columns) *Size { return &c.SharedClean }},
	{"Shared_Dirty", func(c *Columns) *Size { return &c.SharedDirty }},
	{"Private_Clean", func(c *Columns) *Size { return &c.PrivateClean }},
	{"Private_Dirty", func(c *Columns) *Size { return &c.PrivateDirty }},
	{"Referenced", func(c *Columns) *Size { return &c.Referenced }},
	{"Anonymous", func(c *Columns) *Size { return &c.Anonymous }},
	{"KSM", func(c *Columns) *Size { return &c.KSM }},
	{"LazyFree", func(c *Columns) *Size { return &c.LazyFree }},
	{"AnonHugePages", func(c *Columns) *Size { return &c.AnonHuge }},
	{"ShmemPmdMapped", func(c *Columns) *Size { return &c.ShmemHuge }},
	{"FilePmdMapped", func(c *Columns) *Size { return &c.FileHuge }},
	{"Shared_Hugetlb", func(c *Columns) *Size { return &c.SharedHuge }},
	{"Private_Hugetlb", func(c *Columns) *Size { return &c.PrivateHuge }},
	{"Swap", func(c *Columns) *Size { return &c.Swap }},
	{"SwapPss", func(c *Columns) *Size { return &c.SwapPSS }},
	{"Locked", func(c *Columns) *Size { return &c.Locked }},
}

func columnOf(c *Columns, label string) *Size {
	for _, l := range columnLabels {
		if l.label == label {
			return l.of(c)
		}
	}
	return nil
}

func addColumns(sum *Columns, c Columns) {
	sum.Mappings += c.Mappings
	for _, l := range columnLabels {
		s, more := l.of(sum), *l.of(&c)
		s.Bytes += more.Bytes
		s.Known = s.Known || more.Known
	}
}

var (
	headerLine = regexp.MustCompile(`^([0-9a-f]+)-([0-9a-f]+) (....) ([0-9a-f]+) ([0-9a-f]+):([0-9a-f]+) (\d+) *(.*)$`)
	flagsLine  = regexp.MustCompile(`^VmFlags: (.*?) *$`)
)

// kernelRegions parses a smaps by regular expressions, independently of the core.
func kernelRegions(t *testing.T, text string) []Region {
	t.Helper()
	var regions []Region
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := headerLine.FindStringSubmatch(line); m != nil {
			regions = append(regions, Region{
				Start: parseHex(t, m[1]), End: parseHex(t, m[2]), Perms: m[3], Offset: parseHex(t, m[4]),
				Device: [2]uint32{uint32(parseHex(t, m[5])), uint32(parseHex(t, m[6]))},
				Inode:  parseNumber(t, m[7]), Name: m[8], Columns: Columns{Mappings: 1},
			})
			continue
		}
		last := &regions[len(regions)-1]
		if m := flagsLine.FindStringSubmatch(line); m != nil {
			last.VMFlags = m[1]
		} else if m := kilobytesLine.FindStringSubmatch(line); m != nil {
			if column := columnOf(&last.Columns, m[1]); column != nil {
				*column = Size{parseNumber(t, m[2]) * kib, true}
			}
		}
	}
	return regions
}

func parseHex(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// checkLaw fails unless the categories add up to RSS.
func checkLaw(t *testing.T, r *Report) {
	t.Helper()
	var rss, groups uint64
	for c := range r.Categories() {
		rss += c.RSS.Bytes
	}
	for _, g := range r.Groups {
		var inGroup uint64
		for _, c := range g.Categories {
			inGroup += c.RSS.Bytes
		}
		if inGroup != g.RSS {
			t.Errorf("the categories of %s are %d bytes, the group %d", g.ID, inGroup, g.RSS)
		}
		groups += g.RSS
	}
	if rss != r.Totals.RSS.Bytes || groups != r.Totals.RSS.Bytes {
		t.Errorf("the categories are %d bytes, the groups %d, RSS %d", rss, groups, r.Totals.RSS.Bytes)
	}
	if rest := r.Category("other/unattributed"); rest.RSS.Bytes != 0 {
		t.Errorf("%d bytes are unattributed", rest.RSS.Bytes)
	}
}

// checkRegions fails unless the regions add up to RSS. They can be more than the mappings, because a
// mapping that is split between categories is a region for each piece.
func checkRegions(t *testing.T, r *Report) {
	t.Helper()
	var rss uint64
	for _, g := range r.Regions {
		rss += g.RSS.Bytes
	}
	if rss != r.Totals.RSS.Bytes {
		t.Errorf("%d regions are %d bytes, RSS is %d", len(r.Regions), rss, r.Totals.RSS.Bytes)
	}
}

func TestCategoriesAddUp(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := parseCapture(t, name)
			checkLaw(t, r)
			var sum Columns
			for c := range r.Categories() {
				addColumns(&sum, c.Columns)
			}
			if sum != r.Totals {
				t.Errorf("the categories add up to %+v, want %+v", sum, r.Totals)
			}
		})
	}
}

func TestNamesAddUp(t *testing.T) {
	for _, name := range captures(t) {
		named := parseCapture(t, name).Category("named")
		var sum Columns
		for _, n := range named.Names {
			addColumns(&sum, n.Columns)
		}
		if len(named.Names) > 0 && sum != named.Columns {
			t.Errorf("%s: the names add up to %+v, want %+v", name, sum, named.Columns)
		}
	}
}

func TestTotalsAreTheSumsOfAllMappings(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var sum Columns
			for _, region := range kernelRegions(t, readFile(t, testdata+name)) {
				addColumns(&sum, region.Columns)
			}
			if got := parseCapture(t, name).Totals; got != sum {
				t.Errorf("the totals are %+v, want %+v", got, sum)
			}
		})
	}
}

// PSS has fractions of a byte: the kernel rounds it for each mapping in smaps, but only once in
// smaps_rollup.
var fractional = map[string]bool{"Pss": true, "Pss_Dirty": true, "SwapPss": true}

// The changes between the two files of a capture, in bytes: a Go program that reads itself grows.
var movedBetween = map[string]uint64{
	"real/go1.25-nameless-6.1.smaps": 4 * kib,
	"real/go1.26-named-6.1.smaps":    56 * kib,
}

func TestTotalsAreTheRollup(t *testing.T) {
	compared := 0
	for _, name := range captures(t) {
		twin := testdata + name + "_rollup"
		if _, err := os.Stat(twin); err != nil {
			continue
		}
		compared++
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkRollup(t, parseCapture(t, name).Totals, readRollup(t, twin), movedBetween[name])
		})
	}
	if compared == 0 {
		t.Error("no capture has a smaps_rollup")
	}
}

func checkRollup(t *testing.T, totals Columns, rollup map[string]uint64, moved uint64) {
	t.Helper()
	for label, want := range rollup {
		column := columnOf(&totals, label)
		if column == nil {
			continue
		}
		slack := moved
		if fractional[label] {
			slack += uint64(totals.Mappings) * kib
		}
		if difference := max(column.Bytes, want) - min(column.Bytes, want); !column.Known || difference > slack {
			t.Errorf("%s is %+v, want %d within %d", label, *column, want, slack)
		}
	}
}

// A capture with what the process knew of itself has the same proofs as the process's own report.
func TestFactsOfACapture(t *testing.T) {
	for _, name := range []string{"go1.25-nameless-6.1", "go1.26-named-6.1", "go1.26-nameless-6.12", "go1.26-undecorated-6.1"} {
		facts, smaps := readFile(t, testdata+"real/"+name+".facts"), readFile(t, testdata+"real/"+name+".smaps")
		r := parseText(t, facts+smaps)
		checkLaw(t, r)
		for i, id := range []string{"go_heap", "malloc", "malloc_mmap"} {
			if len(r.Proofs) != 3 || r.Proofs[i].ID != id || !r.Proofs[i].Held {
				t.Fatalf("%s: proofs %+v, want %s held", name, r.Proofs, id)
			}
		}
		var sum uint64
		for _, part := range r.Category("go/heap").Parts {
			sum += part.RSS
		}
		if want := r.Category("go/heap").RSS.Bytes; sum != want || r.Category("go/stack").RSS.Bytes == 0 {
			t.Errorf("%s: the parts of the heap are %d, want %d", name, sum, want)
		}
		if plain := parseText(t, smaps); len(plain.Proofs) > 0 || plain.Totals != r.Totals {
			t.Errorf("%s: without facts: %+v, %+v", name, plain.Proofs, plain.Totals)
		}
	}
}

func TestLimitsOfACapture(t *testing.T) {
	var lines strings.Builder
	for i, id := range names.Limits {
		fmt.Fprintf(&lines, "# %s: %d\n", id, i+1)
	}
	limits := reflect.ValueOf(parseText(t, lines.String()+"1000-2000 rw-p 0 0:0 0\nRss: 4 kB\n").Limits)
	seen := map[uint64]bool{}
	for i := range limits.NumField() {
		f := limits.Field(i)
		if seen[f.Field(0).Uint()] = true; !f.Field(1).Bool() {
			t.Errorf("%s is not known", limits.Type().Field(i).Name)
		}
	}
	if len(seen) != len(names.Limits) || limits.NumField() != len(names.Limits) {
		t.Errorf("%d fields have %d values, want %d: %+v", limits.NumField(), len(seen), len(names.Limits), limits)
	}
}

func TestWrongFactsOfACapture(t *testing.T) {
	_, err := Parse(strings.NewReader("# go.heap_live: many\n"))
	var wrong *ParseError
	if !errors.As(err, &wrong) || wrong.Line != 1 || wrong.Column != 17 || !errors.Is(err, ErrMalformed) {
		t.Errorf("%#v, want ErrMalformed at 1:17", err)
	}
}

func TestRollupAlone(t *testing.T) {
	r := parseCapture(t, "real/bash-6.18.smaps_rollup")
	checkLaw(t, r)
	checkRollup(t, r.Totals, readRollup(t, testdata+"real/bash-6.18.smaps_rollup"), 0)
	if got := r.Category("other/not_broken_down").RSS; got != r.Totals.RSS {
		t.Errorf("%+v is not broken down, want all: %+v", got, r.Totals.RSS)
	}
	if r.Totals.Virtual.Known {
		t.Error("the size of the address space is known, though a rollup does not have it")
	}
	if len(r.Warnings) == 0 {
		t.Error("no warning says that the input has totals only")
	}
}

func TestMapsHasNoRSS(t *testing.T) {
	var maps strings.Builder
	smaps := readFile(t, testdata+"real/go1.26-named-6.1.smaps")
	for line := range strings.Lines(smaps) {
		if headerLine.MatchString(strings.TrimSuffix(line, "\n")) {
			maps.WriteString(line)
		}
	}
	r := parseText(t, maps.String(), Top(All))
	want := parseText(t, smaps)
	if r.Totals.RSS != (Size{}) || r.Totals.PSS != (Size{}) {
		t.Errorf("RSS %+v, PSS %+v: want both unknown", r.Totals.RSS, r.Totals.PSS)
	}
	if r.Totals.Virtual != want.Totals.Virtual || r.Totals.Mappings != want.Totals.Mappings {
		t.Errorf("virtual %+v of %d, want %+v of %d", r.Totals.Virtual, r.Totals.Mappings, want.Totals.Virtual, want.Totals.Mappings)
	}
	if len(r.Regions) != r.Totals.Mappings {
		t.Errorf("%d regions, want every one of %d", len(r.Regions), r.Totals.Mappings)
	}
	if len(r.Warnings) == 0 {
		t.Error("no warning says that resident memory is not known")
	}
}

func TestStableIDs(t *testing.T) {
	r := parseCapture(t, captures(t)[0])
	i := 0
	for _, g := range r.Groups {
		for _, c := range g.Categories {
			if i >= len(stableIDs) {
				t.Fatalf("%s is not in the list", c.ID)
			}
			got := stableIDs[i]
			got.group, got.groupName, got.id, got.name = g.ID, g.Name, c.ID, c.Name
			if got != stableIDs[i] {
				t.Errorf("category %d is %+v, want %+v", i, got, stableIDs[i])
			}
			if found := r.Category(c.ID); found.ID != c.ID || found.Columns != c.Columns {
				t.Errorf("Category(%q) returns %+v", c.ID, found)
			}
			i++
		}
	}
	if i != len(stableIDs) {
		t.Errorf("%d categories, want %d", i, len(stableIDs))
	}
	if c := r.Category("no such"); c.ID != "" {
		t.Errorf(`Category("no such") returns %+v, want the zero Category`, c)
	}
}

func TestCategoriesCanBeLeftEarly(t *testing.T) {
	var seen []string
	for c := range parseCapture(t, captures(t)[0]).Categories() {
		if seen = append(seen, c.ID); len(seen) == 2 {
			break
		}
	}
	if !slices.Equal(seen, []string{"go/heap", "go/stack"}) {
		t.Errorf("the first two are %q", seen)
	}
}

func TestNames(t *testing.T) {
	want := []Name{
		{Name: "a:b:c", Columns: Columns{RSS: Size{4 * mib, true}}},
		{Name: "Cache: shard 1", Columns: Columns{RSS: Size{3 * mib, true}}},
		{Name: "utxo store", Columns: Columns{RSS: Size{2 * mib, true}}},
		{Name: "TXMetaCache", Columns: Columns{RSS: Size{1 * mib, true}}},
	}
	named := parseCapture(t, "real/go1.26-named-6.1.smaps").Category("named")
	if len(named.Names) != len(want) {
		t.Fatalf("%d names, want %d: %+v", len(named.Names), len(want), named.Names)
	}
	for i, n := range named.Names {
		if n.Name != want[i].Name || n.RSS != want[i].RSS {
			t.Errorf("name %d is %q of %+v, want %q of %+v", i, n.Name, n.RSS, want[i].Name, want[i].RSS)
		}
	}
}

func TestRegionsAreThoseOfTheKernel(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := slices.DeleteFunc(kernelRegions(t, readFile(t, testdata+name)), func(g Region) bool { return g.RSS.Bytes == 0 })
			got := parseCapture(t, name, Top(All), SortBy(SortAddress)).Regions
			if len(got) != len(want) {
				t.Fatalf("%d regions, want %d", len(got), len(want))
			}
			for i, region := range got {
				region.Category, region.Method = "", ""
				if region != want[i] {
					t.Errorf("region %d is\n%+v, want\n%+v", i, region, want[i])
				}
			}
		})
	}
}

func TestRegionsAreInACategory(t *testing.T) {
	for _, name := range captures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := parseCapture(t, name, Top(All))
			rss := map[string]uint64{}
			for _, region := range r.Regions {
				rss[region.Category] += region.RSS.Bytes
			}
			for c := range r.Categories() {
				if rss[c.ID] != c.RSS.Bytes {
					t.Errorf("the regions of %s hold %d bytes, the category %d", c.ID, rss[c.ID], c.RSS.Bytes)
				}
				delete(rss, c.ID)
			}
			if len(rss) > 0 {
				t.Errorf("regions are in categories that the report does not have: %v", rss)
			}
		})
	}
}

// orders are all sort keys. Equal regions are in the order of addresses.
var orders = []struct {
	key     SortKey
	compare func(a, b Region) int
}{
	{SortRSS, largest(func(g Region) uint64 { return g.RSS.Bytes })},
	{SortPSS, largest(func(g Region) uint64 { return g.PSS.Bytes })},
	{SortPrivate, largest(func(g Region) uint64 { return g.PrivateClean.Bytes + g.PrivateDirty.Bytes })},
	{SortDirty, largest(func(g Region) uint64 { return g.PrivateDirty.Bytes + g.SharedDirty.Bytes })},
	{SortSwap, largest(func(g Region) uint64 { return g.Swap.Bytes })},
	{SortSize, largest(func(g Region) uint64 { return g.Virtual.Bytes })},
	{SortAddress, func(a, b Region) int { return 0 }},
	{SortName, func(a, b Region) int { return cmp.Compare(a.Name, b.Name) }},
}

func largest(key func(Region) uint64) func(a, b Region) int {
	return func(a, b Region) int { return cmp.Compare(key(b), key(a)) }
}

func TestOrderOfRegions(t *testing.T) {
	for _, o := range orders {
		t.Run(string(o.key), func(t *testing.T) {
			t.Parallel()
			for _, name := range captures(t) {
				all := parseCapture(t, name, Top(All), SortBy(o.key)).Regions
				if !slices.IsSortedFunc(all, func(a, b Region) int {
					return cmp.Or(o.compare(a, b), cmp.Compare(a.Start, b.Start))
				}) {
					t.Errorf("%s: not in the order of %s", name, o.key)
				}
				for _, n := range []int{0, 1, 7, len(all), len(all) + 1} {
					top := parseCapture(t, name, SortBy(o.key), Top(n)).Regions
					if !slices.Equal(top, all[:min(n, len(all))]) {
						t.Errorf("%s: the top %d are not the first of all", name, n)
					}
				}
			}
		})
	}
}

// The core's names are the keys and sources of this package, and all of them are tested above.
func TestNamesOfTheCore(t *testing.T) {
	var keys []string
	for _, o := range orders {
		keys = append(keys, string(o.key))
	}
	if !slices.Equal(keys, names.Sorts) {
		t.Errorf("the core sorts by %q, this package by %q", names.Sorts, keys)
	}
	if sources := []string{string(SourceAuto), string(SourceSmaps), string(SourceScan)}; !slices.Equal(sources, names.Sources) {
		t.Errorf("the core has the sources %q, this package %q", names.Sources, sources)
	}
	if methods := []string{string(MethodNamed), string(MethodVerified), string(MethodEstimated), string(MethodInferred)}; !slices.Equal(methods, names.Methods) {
		t.Errorf("the core has the methods %q, this package %q", names.Methods, methods)
	}
}

func TestDefaultRegions(t *testing.T) {
	const name = "real/go1.26-named-6.1.smaps"
	want := parseCapture(t, name, Top(100), SortBy(SortRSS)).Regions
	if got := parseCapture(t, name).Regions; !slices.Equal(got, want) {
		t.Error("without options the regions are not the largest 100")
	}
}

func TestWhatTheKernelDoesNotPrintIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		capture string
		unknown []string
	}{
		{"real/bash-6.18.smaps", nil},
		{"real/go1.26-named-6.1.smaps", []string{"KSM"}},
		{"real/gvisor-systrap.smaps", []string{"Pss_Dirty", "KSM", "LazyFree", "ShmemPmdMapped", "FilePmdMapped"}},
	} {
		totals := parseCapture(t, c.capture).Totals
		for _, l := range columnLabels {
			got, want := *l.of(&totals), !slices.Contains(c.unknown, l.label)
			if got.Known != want || !got.Known && got.Bytes != 0 {
				t.Errorf("%s: %s is %+v, want Known %t", c.capture, l.label, got, want)
			}
		}
	}
}

func TestHowTheTextIsCutHasNoInfluence(t *testing.T) {
	cuts := map[string]func(io.Reader) io.Reader{
		"one byte":       iotest.OneByteReader,
		"half":           iotest.HalfReader,
		"data with EOF":  iotest.DataErrReader,
		"one byte, last": func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) },
	}
	for _, name := range captures(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := readFile(t, testdata+name)
			want := untimed(parseText(t, text, Top(All)))
			for how, cut := range cuts {
				got, err := Parse(cut(strings.NewReader(text)), Top(All))
				if err != nil {
					t.Fatalf("%s: %v", how, err)
				}
				if !reflect.DeepEqual(untimed(got), want) {
					t.Errorf("%s: another report", how)
				}
			}
		})
	}
}

func untimed(r *Report) *Report {
	r.Time, r.Cost = time.Time{}, 0
	return r
}

func TestReportIsTimed(t *testing.T) {
	before := time.Now()
	r := parseCapture(t, captures(t)[0])
	if r.Time.Before(before) || r.Cost < 0 || r.Time.Add(r.Cost).After(time.Now()) {
		t.Errorf("began %v and took %v, want both within %v and now", r.Time, r.Cost, before)
	}
}

func TestReaderThatFails(t *testing.T) {
	broken := errors.New("the disk is gone")
	whole := readFile(t, testdata+captures(t)[0])
	for _, c := range []struct {
		what string
		text string
		err  error
	}{
		{"at once", "", broken},
		{"in a line", whole[:100], broken},
		{"at the end of the text", whole, broken},
		{"short", whole, io.ErrUnexpectedEOF},
	} {
		_, err := Parse(io.MultiReader(strings.NewReader(c.text), iotest.ErrReader(c.err)))
		if !errors.Is(err, c.err) {
			t.Errorf("%s: %v, want %v", c.what, err, c.err)
		}
	}
}

// Only io.EOF itself is the end of a text. An error that wraps it is a broken connection.
func TestWrappedEOFIsAFailure(t *testing.T) {
	lost := &os.PathError{Op: "read", Path: "capture", Err: io.EOF}
	whole := readFile(t, testdata+captures(t)[0])
	r, err := Parse(io.MultiReader(strings.NewReader(whole), iotest.ErrReader(lost)))
	if r != nil || err != error(lost) {
		t.Errorf("a report (%t) and the error %v, want %v", r != nil, err, lost)
	}
}
