package memanalyzer

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/google/pprof/profile"
)

// Profiles of captures, as pprof's own package parses them.

func profileOf(t testing.TB, data []byte) *profile.Profile {
	t.Helper()
	p, err := profile.ParseData(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func writtenProfile(t testing.TB, r *Report) *profile.Profile {
	t.Helper()
	var data bytes.Buffer
	if err := r.WriteProfile(&data); err != nil {
		t.Fatal(err)
	}
	return profileOf(t, data.Bytes())
}

// sumOf adds up the samples with a label, or all of them if key is empty.
func sumOf(p *profile.Profile, label, value string) amounts {
	var sum amounts
	for _, s := range p.Sample {
		if label == "" || slices.Equal(s.Label[label], []string{value}) {
			for i, v := range s.Value {
				sum[i] += uint64(v)
			}
		}
	}
	return sum
}

// checkProfile compares the sums of a profile with the report, in each column.
func checkProfile(t *testing.T, name string, p *profile.Profile, r *Report) {
	t.Helper()
	if got, want := sumOf(p, "", ""), amountsOf(r.Totals); got != want {
		t.Errorf("%s: the samples add up to %v, want %v", name, got, want)
	}
	for _, g := range r.Groups {
		if got := sumOf(p, "group", g.ID); got[rssColumn] != g.RSS {
			t.Errorf("%s: group %s has %d, want %d", name, g.ID, got[rssColumn], g.RSS)
		}
		parts := slices.Clone(g.Parts)
		for _, c := range g.Categories {
			if got, want := sumOf(p, "category", c.ID), amountsOf(c.Columns); got != want {
				t.Errorf("%s: category %s has %v, want %v", name, c.ID, got, want)
			}
			parts = append(parts, c.Parts...)
		}
		for _, part := range parts {
			if got := sumOf(p, "part", part.ID); got[rssColumn] != part.RSS {
				t.Errorf("%s: part %s has %d, want %d", name, part.ID, got[rssColumn], part.RSS)
			}
		}
	}
}

func TestProfilesAddUp(t *testing.T) {
	t.Parallel()
	texts := map[string]string{"rollup": readFile(t, testdata+"real/bash-6.18.smaps_rollup")}
	for _, capture := range captures(t) {
		text := readFile(t, testdata+capture)
		texts[capture] = text
		facts := strings.TrimSuffix(capture, "smaps") + "facts"
		if _, err := os.Stat(testdata + facts); err == nil {
			texts[facts] = readFile(t, testdata+facts) + text
		}
	}
	for name, text := range texts {
		for _, top := range []int{All, 3, 0} {
			r := parseText(t, text, Top(top), SortBy(SortSize))
			checkProfile(t, fmt.Sprintf("%s, top %d", name, top), writtenProfile(t, r), r)
		}
	}
}

// The parts of the C heap, in captures that have them. In the second one, more is resident than
// malloc says that it has.
func TestProfilesOfTheCHeapAddUp(t *testing.T) {
	t.Parallel()
	for _, figures := range []string{"# malloc.in_use: 333333\n# malloc.retained: 666667\n", "# malloc.in_use: 33333\n# malloc.retained: 66667\n"} {
		malloc := "# memanalyzer capture: 1\n# malloc.arena: 1000000\n" + figures + "# malloc.mapped: 0\n" +
			"# heaps_known: 1\n# owner: 7f0000000000-7f0000021000 110592 135168 0 malloc/arenas\n" +
			"56000000-56100000 rw-p 00000000 00:00 0 [heap]\nRss: 700 kB\nPss: 350 kB\nPrivate_Dirty: 700 kB\nSwap: 100 kB\n" +
			"7f0000000000-7f0000021000 rw-p 00000000 00:00 0\nRss: 108 kB\nPss: 108 kB\nPrivate_Dirty: 108 kB\nSwap: 4 kB\n"
		r := parseText(t, malloc)
		p := writtenProfile(t, r)
		checkProfile(t, figures, p, r)
		if sum := sumOf(p, "part", "in_use"); sum[rssColumn] == 0 || r.Category("malloc/arenas").RSS.Bytes == 0 {
			t.Errorf("in use: %v, in %+v", sum, r.Groups)
		}
	}
}

// madeStacks are call stacks whose weights do not divide evenly.
func madeStacks() callStacks {
	begin := frame{name: "main.main", file: "main.go", line: 10}
	return callStacks{
		heap: []callStack{
			{[]frame{begin, {name: "main.cache", file: "cache.go", line: 7}}, 10 * mib},
			{[]frame{begin, {name: "main.index", file: "index.go", line: 3}}, 20 * mib},
			{[]frame{begin}, 40 * mib},
		},
		goroutines: []callStack{{[]frame{begin}, 1}, {[]frame{{name: "main.\u202eworker\x1b", file: "w.go", line: 1}}, 6}, {nil, 1}},
	}
}

// builtProfile returns the profile of a capture with made-up call stacks.
func builtProfile(t *testing.T, input string, stacks callStacks, hideAddresses bool) (*profile.Profile, *Report) {
	t.Helper()
	r := parseText(t, readFiles(t, input), Top(All), SortBy(SortSize))
	b := newProfileBuilder(hideAddresses)
	b.addReport(r, stacks, 1)
	var data bytes.Buffer
	if err := b.finish(r).Write(&data); err != nil {
		t.Fatal(err)
	}
	return profileOf(t, data.Bytes()), r
}

// Live memory that the heap profile lacks is not given to the stacks that it has.
func TestMemoryBeyondTheHeapProfileHasItsOwnNode(t *testing.T) {
	t.Parallel()
	old := callStack{[]frame{{name: "main.old", file: "main.go"}}, 10 * mib}
	p, r := builtProfile(t, factsCapture, callStacks{heap: []callStack{old}}, false)
	var live uint64
	for _, part := range r.Category("go/heap").Parts {
		if part.ID == "marked" {
			live = part.RSS
		}
	}
	sums := map[string]int64{}
	for _, s := range p.Sample {
		sums[s.Location[0].Line[0].Function.Name] += s.Value[rssColumn]
	}
	if got := sums["main.old"]; got > 10*mib || got < 9*mib {
		t.Errorf("main.old has %d bytes, want at most the 10 MiB that it allocated", got)
	}
	if got := sums["not in the heap profile yet"]; got+sums["main.old"] != int64(live) {
		t.Errorf("both have %d bytes, want %d", got+sums["main.old"], live)
	}
}

const factsCapture = "real/go1.26-named-6.1.facts+real/go1.26-named-6.1.smaps"

func TestCallStacksAddUp(t *testing.T) {
	t.Parallel()
	many := callStacks{}
	for i := range profileMax + 5 {
		one := callStack{[]frame{{name: fmt.Sprint("main.f", i), file: "main.go"}}, uint64(i + 1)}
		many.heap, many.goroutines = append(many.heap, one), append(many.goroutines, one)
	}
	nothing := callStacks{heap: []callStack{{nil, 0}, {[]frame{{name: "main.f", file: "main.go"}}, 0}}}
	for name, stacks := range map[string]callStacks{"made": madeStacks(), "many": many, "none": {}, "of no weight": nothing} {
		p, r := builtProfile(t, factsCapture, stacks, false)
		checkProfile(t, name, p, r)
		if name == "many" && len(p.Function) > 3*profileMax {
			t.Errorf("%d functions", len(p.Function))
		}
	}
}

// Profiles in the format of go tool pprof -raw. UPDATE_GOLDEN=1 rewrites the files.
func TestGoldenProfiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, input   string
		stacks        callStacks
		hideAddresses bool
	}{
		{"go1.26-named-6.1-facts.pprof", factsCapture, madeStacks(), false},
		{"go1.26-named-6.1-hidden.pprof", factsCapture, callStacks{}, true},
		{"bash-6.18.pprof", "real/bash-6.18.smaps", callStacks{}, false},
		{"07-invalid-utf8.pprof", "hostile/07-invalid-utf8.smaps", callStacks{}, false},
		{"11-end-at-2-to-the-64.pprof", "hostile/11-end-at-2-to-the-64.smaps", callStacks{}, false},
	} {
		p, _ := builtProfile(t, c.input, c.stacks, c.hideAddresses)
		p.TimeNanos = 0
		got, path := p.String(), testdata+"golden/"+c.name
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if want := readFile(t, path); got != want {
			t.Errorf("%s: %s", c.name, firstDifference(got, want))
		}
	}
}

// takenBack returns the bytes that printable has replaced.
func takenBack(text string) string {
	var name []byte
	for _, c := range text {
		if c >= 0xef00 && c <= 0xefff {
			name = append(name, byte(c))
		} else {
			name = utf8.AppendRune(name, c)
		}
	}
	return string(name)
}

func TestNamesAreTakenBackFromProfiles(t *testing.T) {
	t.Parallel()
	r := parseText(t, everyByte(0, 255)+"fffff000-fffff800 r--p 00000000 08:02 17 /\u202ea\u200b\u00e9\u4e16\nRss: 4 kB\n", Top(All))
	want := map[string]bool{}
	for _, g := range r.Regions {
		want[g.Name] = true
	}
	p := writtenProfile(t, r)
	files, labels, functions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, m := range p.Mapping {
		files[takenBack(m.File)] = true
	}
	for _, f := range p.Function {
		functions[takenBack(f.Name)] = true
		if i := strings.IndexFunc(f.Name, func(c rune) bool { return !unicode.IsPrint(c) && c>>8 != 0xef }); i >= 0 || !utf8.ValidString(f.Name) {
			t.Errorf("%q has what is not printable", f.Name)
		}
	}
	for _, s := range p.Sample {
		labels[takenBack(s.Label["name"][0])] = true
	}
	for name := range want {
		if !files[name] || !labels[name] || !functions[name] {
			t.Errorf("%q: as file %t, as label %t, as function %t", name, files[name], labels[name], functions[name])
		}
	}
	if len(want) < 250 {
		t.Errorf("%d names", len(want))
	}
}

func TestAddressesAreHiddenInProfiles(t *testing.T) {
	t.Parallel()
	p, r := builtProfile(t, factsCapture, madeStacks(), true)
	checkProfile(t, "hidden", p, r)
	text := p.String()
	for _, g := range r.Regions {
		if strings.Contains(text, fmt.Sprintf("%x", g.Start)) {
			t.Errorf("the address %x is in it", g.Start)
		}
	}
	shown, _ := builtProfile(t, factsCapture, madeStacks(), false)
	if !strings.Contains(shown.String(), fmt.Sprintf("%x", r.Regions[0].Start)) {
		t.Error("with addresses there is none either: this test sees nothing")
	}
}

func TestSharesAddUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total         uint64
		weights, want []uint64
	}{
		{10, []uint64{1, 1, 1}, []uint64{4, 3, 3}},
		{10, []uint64{1, 1, 2}, []uint64{3, 2, 5}},
		{1, []uint64{1, 2, 2}, []uint64{0, 1, 0}},
		{7, []uint64{0, 0}, []uint64{0, 7}},
		{0, []uint64{3, 4}, []uint64{0, 0}},
		{5, nil, []uint64{}},
		{1<<64 - 1, []uint64{1<<62 + 1, 1<<63 - 1}, []uint64{0x5555555555555556, 0xaaaaaaaaaaaaaaa9}},
	} {
		if got := apportion(c.total, c.weights); !slices.Equal(got, c.want) {
			t.Errorf("%d by %v: %v, want %v", c.total, c.weights, got, c.want)
		}
	}
	random := rand.New(rand.NewPCG(7, 7))
	for range 1000 {
		weights := make([]uint64, 1+random.IntN(20))
		for i := range weights {
			weights[i] = random.Uint64N(1 << random.IntN(50))
		}
		total := random.Uint64N(1 << 50)
		var sum uint64
		for _, share := range apportion(total, weights) {
			sum += share
		}
		if sum != total {
			t.Fatalf("%d by %v: %d", total, weights, sum)
		}
	}
}

func TestRegionsAreMatched(t *testing.T) {
	t.Parallel()
	line := func(start, end int, name string, rss int) string {
		return fmt.Sprintf("%x000-%x000 rw-p 00000000 00:00 0 %s\nRss: %d kB\n", start, end, name, rss)
	}
	before := parseText(t, line(1, 5, "/a", 4)+line(0x10, 0x20, "[heap]", 8)+line(0x30, 0x31, "/gone", 4)+line(0x50, 0x60, "/same", 12)+line(0x80, 0x90, "/cut", 16), Top(All))
	now := parseText(t, line(1, 5, "/b", 4)+line(0x10, 0x28, "[heap]", 40)+line(0x4e, 0x60, "/same", 12)+line(0x70, 0x71, "/new", 4)+line(0x80, 0x84, "/in", 4)+line(0x84, 0x90, "/cut", 12), Top(All))
	b := newProfileBuilder(false)
	match(before, now)
	b.addReport(now, callStacks{}, 1)
	b.addReport(before, callStacks{}, -1)
	p := b.finish(now)
	got := map[string]int64{}
	for _, s := range p.Sample {
		got[s.Label["name"][0]+" "+s.Location[0].Line[0].Function.Name] += s.Value[rssColumn] / kib
	}
	want := map[string]int64{
		"/a 000000001000 rw-p":     -4,
		"/b 000000001000 rw-p":     4,
		"[heap] 000000010000 rw-p": 32,
		"/gone 000000030000 rw-p":  -4,
		"/same 00000004e000 rw-p":  0, // address space only, and less of it
		"/new 000000070000 rw-p":   4,
		"/in 000000080000 rw-p":    4,
		"/cut 000000084000 rw-p":   -4,
	}
	if !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if sum := sumOf(p, "", ""); sum != amountsOf(now.Totals).less(amountsOf(before.Totals)) {
		t.Errorf("the samples add up to %v", sum)
	}
}

func TestPartsThatOneReportHasAreNoChange(t *testing.T) {
	t.Parallel()
	const heap = "10000-20000 rw-p 00000000 00:00 0 [heap]\nRss: 64 kB\n"
	const malloc = "# malloc.arena: 65536\n# malloc.in_use: 49152\n# malloc.retained: 16384\n# malloc.mapped: 0\n"
	for _, texts := range [][2]string{{heap, malloc + heap}, {malloc + heap, heap}} {
		before, now := parseText(t, texts[0], Top(All)), parseText(t, texts[1], Top(All))
		b := newProfileBuilder(false)
		match(before, now)
		b.addReport(before, callStacks{}, -1)
		b.addReport(now, callStacks{}, 1)
		sums := map[*profile.Location]int64{}
		for _, s := range b.finish(now).Sample {
			sums[s.Location[0]] += s.Value[rssColumn]
		}
		for at, sum := range sums {
			if sum != 0 {
				t.Errorf("%s has changed by %d", at.Line[0].Function.Name, sum)
			}
		}
	}
}
