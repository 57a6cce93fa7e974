//go:build linux

package main

// The ground truth of memory that other allocators and runtimes make, or that looks like theirs.
// build/foreign (csrc/tests/programs/foreign.c) makes it, in a program of its own or preloaded
// into a Go daemon, and says where it is; this test counts the resident pages there, and compares
// them with reports from outside, of a saved text, and of the daemon itself.

import (
	"bufio"
	"cmp"
	"context"
	"debug/elf"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	memanalyzer "example.com/memanalyzer/go"
)

// A foreign is a row: memory of one kind, where the report may have it, and the programs that have
// it.
type foreign struct {
	what  string
	make  string // FOREIGN of foreign.c
	with  setting
	truth string   // the category of the memory
	rows  []string // where a user finds it: these have nearly all of it
	also  also
	hosts []host
}

// also has further rows for reports that cannot know better.
type also map[reading][]string

// A setting is how an allocator is loaded or tuned.
type setting struct {
	preload  []string // the names of the library, the newest first
	tunables string   // GLIBC_TUNABLES
}

// A host is a program that has the memory.
type host string

const (
	inC    host = "C"
	inMusl host = "musl"
	inGo   host = "Go"
)

// A reading is a host, and how its report is made: from outside, of its saved smaps, or, if it is
// a Go daemon, by itself.
type reading string

const (
	cSmaps    reading = "C smaps"
	cScan     reading = "C scan"
	cText     reading = "C text"
	muslSmaps reading = "musl smaps"
	muslScan  reading = "musl scan"
	muslText  reading = "musl text"
	goSmaps   reading = "Go smaps"
	goScan    reading = "Go scan"
	goText    reading = "Go text"
	ownSmaps  reading = "own smaps"
	ownScan   reading = "own scan"
)

var (
	glibc    = setting{}
	jemalloc = setting{preload: []string{"libjemalloc.so.2"}}
	mimalloc = setting{preload: []string{"libmimalloc.so.3", "libmimalloc.so.2"}}
	tcmalloc = setting{preload: []string{"libtcmalloc_minimal.so.4"}}
	scudo    = setting{preload: []string{"libclang_rt.scudo_standalone-x86_64.so"}}

	both = []host{inC, inGo}
	musl = []host{inMusl}

	malloc      = []string{"malloc"}
	unnamed     = []string{"malloc", "anon/rw"} // the former, if the allocator is recognized
	rw          = []string{"anon/rw"}
	threads     = []string{"stacks/threads"}
	rwOrThreads = []string{"anon/rw", "stacks/threads"}
	goHeap      = []string{"go/heap"}

	// Only the process itself knows that its Go heap is elsewhere.
	likeGo = also{cText: goHeap, goSmaps: goHeap, goScan: goHeap, goText: goHeap}
	// From glibc 2.41 on, nothing tells a full heap that lies alone from other memory.
	alone = also{cSmaps: rw, cScan: rw, cText: rw, goSmaps: rw, goScan: rw, goText: rw}
)

func tuned(tunables string) setting { return setting{tunables: tunables} }

// The large blocks of malloc are in Read-Write if the process is read from outside.
var foreigns = []foreign{
	{"glibc", "malloc 4 6144 0", glibc, "malloc", unnamed, nil, both},
	{"glibc, arena_max=1", "malloc 4 6144 0", tuned("glibc.malloc.arena_max=1"), "malloc", unnamed, nil, both},
	{"glibc, hugetlb=1", "malloc 4 6144 0", tuned("glibc.malloc.hugetlb=1"), "malloc", unnamed, nil, both},
	{"glibc, hugetlb=2", "malloc 4 6144 0", tuned("glibc.malloc.hugetlb=2"), "malloc", unnamed, nil, both},
	{"glibc, decorate_maps=1", "malloc 4 6144 0", tuned("glibc.mem.decorate_maps=1"), "malloc", unnamed, nil, both},
	{"glibc, arena of 100 MB", "malloc 1 102400 0", tuned("glibc.malloc.mmap_threshold=33554432"), "malloc", malloc, alone, both},
	{"jemalloc", "malloc 4 6144 0", jemalloc, "malloc", unnamed, nil, both},
	{"mimalloc", "malloc 4 6144 0", mimalloc, "malloc", unnamed, also{goScan: goHeap}, both},
	{"tcmalloc", "malloc 4 6144 0", tcmalloc, "malloc", unnamed, nil, both},
	{"scudo", "malloc 4 6144 0", scudo, "malloc", unnamed, nil, both},
	{"static musl", "malloc 4 6144 0", glibc, "malloc", unnamed, also{muslSmaps: threads, muslScan: threads}, musl},

	{"guarded buffers, 4 kB", "guarded 200 4 4", glibc, "anon/rw", rw, nil, both},
	{"guarded buffers, 64 kB", "guarded 100 64 4", glibc, "anon/rw", rw, nil, both},
	{"fibres", "fibres 64 64 4", glibc, "anon/rw", rw, nil, both},
	{"fibres, MAP_STACK", "tagged 64 64 4", glibc, "anon/rw", rwOrThreads, nil, both},
	{"slots, guards of 64 kB", "slots 64 128 64", glibc, "anon/rw", rw, nil, both},
	{"slots, guards of 16 kB", "slots 64 128 16", glibc, "anon/rw", rw, nil, both},
	{"slots, MAP_NORESERVE", "noreserve 64 128 64", glibc, "anon/rw", rw, nil, both},
	{"slots, static musl", "slots 64 128 16", glibc, "anon/rw", rw, nil, musl},
	{"reserve of 1 GiB", "reserve 2 24576 1048576", glibc, "anon/rw", rw, nil, both},
	{"reserve of 40 MiB", "reserve 1 24576 40960", glibc, "anon/rw", unnamed, nil, both},
	{"low reserve of 1 GiB", "low 1 24576 1048576", glibc, "anon/rw", rw, nil, both},
	{"low reserve of 40 MiB", "low 1 24576 40960", glibc, "anon/rw", unnamed, likeGo, both},

	{"threads wait", "waiting 16 256 0", glibc, "stacks/threads", threads, nil, both},
	{"threads block", "blocked 16 256 0", glibc, "stacks/threads", threads, nil, both},
	{"threads run", "running 4 1024 0", glibc, "stacks/threads", threads, nil, both},
	{"threads wait, static musl", "waiting 16 64 0", glibc, "stacks/threads", threads, also{muslText: rw}, musl},
	{"adjoining stacks wait", "adjoining-waiting 16 192 0", glibc, "stacks/threads", threads, nil, both},
	{"adjoining stacks block", "adjoining-blocked 16 192 0", glibc, "stacks/threads", threads, nil, both},
	{"adjoining stacks run", "adjoining-running 4 192 0", glibc, "stacks/threads", threads, nil, both},
	{"adjoining, jemalloc", "adjoining-running 4 192 0", jemalloc, "stacks/threads", threads, nil, both},
}

// An observation is a report: its RSS, and the figures of its categories, in bytes. Those of the C
// heap are one, "malloc".
type observation struct {
	RSS     int64
	Figures map[string]figure
}

func observe(r *memanalyzer.Report) observation {
	o := observation{int64(r.Totals.RSS.Bytes), map[string]figure{}}
	for c := range r.Categories() {
		id := folded(c.ID)
		f := o.Figures[id]
		o.Figures[id] = figure{f.Bytes + int64(c.RSS.Bytes), f.Low + int64(c.Low), f.High + int64(c.High), c.Method}
	}
	return o
}

// folded returns the category in which the truth counts that of a report.
func folded(category string) string {
	if strings.HasPrefix(category, "malloc/") {
		return "malloc"
	}
	return category
}

// A tale is a range of memory, and the categories that its resident pages can be in.
type tale struct {
	categories []string
	from, to   uint64
}

// A known is how many resident bytes there are by category.
type known map[string]extent

// add adds pages that are in one of the categories.
func (k known) add(n extent, categories []string) {
	for _, c := range categories {
		e := k[c]
		if len(categories) == 1 {
			e.Least += n.Least
		}
		e.Most += n.Most
		k[c] = e
	}
}

// around returns what holds for a process that was k, and then l.
func (k known) around(l known) known {
	both := known{}
	for _, c := range slices.Concat(slices.Collect(maps.Keys(k)), slices.Collect(maps.Keys(l))) {
		both[c] = extent{min(k[c].Least, l[c].Least), max(k[c].Most, l[c].Most)}
	}
	return both
}

// The categories of anonymous memory that nobody told of: it is the loader's, libc's, and what the
// allocator has beside its blocks; in a Go daemon, it is the runtime's, too.
var (
	untold   = []string{"anon/rw", "malloc", "other/loader"}
	untoldGo = append([]string{"go/heap", "go/stack", "go/metadata", "stacks/threads"}, untold...)
)

// count counts the resident pages of a process by category.
func count(pid int, h host, tales []tale) (known, error) {
	slices.SortFunc(tales, func(a, b tale) int { return cmp.Compare(a.from, b.from) })
	program, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid))
	if err != nil {
		return nil, err
	}
	smaps, err := os.Open(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	defer smaps.Close()
	pagemap, err := os.Open(fmt.Sprintf("/proc/%d/pagemap", pid))
	if err != nil {
		return nil, err
	}
	defer pagemap.Close()
	k := known{}
	var from, to uint64
	var name string
	for lines := bufio.NewScanner(smaps); lines.Scan(); {
		words := strings.Fields(lines.Text())
		if !strings.HasSuffix(words[0], ":") {
			low, high, _ := strings.Cut(words[0], "-")
			from, to, name = parseHex(low), parseHex(high), strings.Join(words[5:], " ")
			continue
		}
		if words[0] != "Rss:" || words[1] == "0" {
			continue
		}
		kB, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			return nil, err
		}
		switch category := ofName(name, program); {
		case category != "":
			k.add(extent{kB * kb, kB * kb}, []string{category})
		default:
			others := untold
			if h == inGo {
				others = untoldGo
			} else if name == "[heap]" {
				others = []string{"malloc"}
			}
			if err := k.addPages(pagemap, from, to, tales, others); err != nil {
				return nil, err
			}
		}
	}
	return k, nil
}

func parseHex(hex string) uint64 {
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		panic(err)
	}
	return n
}

// ofName returns the category of memory that is no program's to choose, or "".
func ofName(name, program string) string {
	file := filepath.Base(name)
	switch {
	case name == "[stack]":
		return "stacks/main"
	case strings.HasPrefix(name, "[v"):
		return "kernel/vdso"
	case !strings.HasPrefix(name, "/"):
		return ""
	case name == program:
		return "file/binary"
	case strings.HasSuffix(file, ".so") || strings.Contains(file, ".so."):
		return "file/libraries"
	}
	return "file/other"
}

// Bits of pagemap. A page of zeros that was only read is present, but not resident, and nobody
// has it for itself.
const (
	present   = 1 << 63
	exclusive = 1 << 56
)

// addPages adds the resident pages of a mapping, each by the range in which it is.
func (k known) addPages(pagemap *os.File, from, to uint64, tales []tale, others []string) error {
	page := uint64(os.Getpagesize())
	entries := make([]byte, (to-from)/page*8)
	if _, err := pagemap.ReadAt(entries, int64(from/page*8)); err != nil {
		return err
	}
	for at := from; at < to; at += page {
		bits := binary.NativeEndian.Uint64(entries[(at-from)/page*8:])
		if bits&present == 0 {
			continue
		}
		var n extent
		n.Most = int64(page)
		if bits&exclusive != 0 {
			n.Least = n.Most
		}
		categories := others
		for len(tales) > 0 && tales[0].to <= at {
			tales = tales[1:]
		}
		if len(tales) > 0 && tales[0].from <= at {
			categories = tales[0].categories
		}
		k.add(n, categories)
	}
	return nil
}

// of returns what is known of a report. A Go daemon changes all the time: only what was told of is
// certain, and what the kernel names, but that grows after its own reports. No category has more
// than what the others leave.
func (k known) of(o observation, h host, by reading) known {
	if h != inGo {
		return k
	}
	left, certain := known{}, int64(0)
	for c := range o.Figures {
		least := k[c].Least
		if (by == ownSmaps || by == ownScan) && !slices.Contains(untoldGo, c) {
			least = 0
		}
		left[c] = extent{Least: least}
		certain += least
	}
	for c, e := range left {
		left[c] = extent{e.Least, o.RSS - certain + e.Least}
	}
	return left
}

// check returns what is wrong with a report.
func (f foreign) check(o observation, k known, h host, by reading) error {
	var wrong []error
	fail := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf(format, a...)) }
	k = k.of(o, h, by)
	var sum int64
	for _, c := range slices.Sorted(maps.Keys(o.Figures)) {
		g, truth := o.Figures[c], k[c]
		sum += g.Bytes
		if g.Low > g.Bytes || g.Bytes > g.High {
			fail("%s: %d kB is not between low %d and high %d", c, g.Bytes/kb, g.Low/kb, g.High/kb)
		}
		if g.Low > truth.Most {
			fail("%s: low %d kB, truth at most %d", c, g.Low/kb, truth.Most/kb)
		}
		if g.High < truth.Least {
			fail("%s: high %d kB, truth at least %d", c, g.High/kb, truth.Least/kb)
		}
	}
	if sum != o.RSS {
		fail("the categories add up to %d bytes, RSS is %d", sum, o.RSS)
	}
	var found int64
	rows := f.rowsOf(by)
	for _, c := range rows {
		found += o.Figures[c].Bytes
	}
	if found < k[f.truth].Least/10*9 {
		fail("%s: %d of %d kB", strings.Join(rows, " + "), found/kb, k[f.truth].Least/kb)
	}
	return errors.Join(wrong...)
}

// rowsOf returns the rows that may have the memory.
func (f foreign) rowsOf(by reading) []string { return slices.Concat(f.rows, f.also[by]) }

// row returns the one of them that has most.
func (f foreign) row(o observation, by reading) string {
	return slices.MaxFunc(f.rowsOf(by), func(a, b string) int { return int(o.Figures[a].Bytes - o.Figures[b].Bytes) })
}

// Children

const (
	foreignVariable = "FOREIGN"
	programFolder   = "../../build/"
)

// command returns the command that has the memory, or why there is none.
func (f foreign) command(ctx context.Context, h host) (*exec.Cmd, error) {
	program, preload := programFolder+"foreign", []string(nil)
	switch h {
	case inMusl:
		program += "-musl"
	case inGo:
		library, err := filepath.Abs(program + ".so")
		if err != nil {
			return nil, err
		}
		preload = append(preload, library)
		if program, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	if f.with.preload != nil {
		library, err := findLibrary(f.with.preload)
		if err != nil {
			return nil, err
		}
		preload = append([]string{library}, preload...)
	}
	for _, file := range append(slices.Clone(preload), program) {
		if _, err := os.Stat(file); err != nil {
			return nil, fmt.Errorf("%w: run make foreign", err)
		}
	}
	c := exec.CommandContext(ctx, program)
	c.Stderr = os.Stderr
	c.Env = append(os.Environ(), foreignVariable+"="+f.make, "GLIBC_TUNABLES="+f.with.tunables,
		"LD_PRELOAD="+strings.Join(preload, ":"), childVariable+"=foreign ")
	return c, nil
}

// libraryFolders have the libraries of Debian, and those of clang.
var libraryFolders = []string{"/usr/lib/*-linux-gnu/", "/usr/lib/llvm-*/lib/clang/*/lib/linux/"}

// findLibrary returns the path of the first of the libraries that the system has.
func findLibrary(names []string) (string, error) {
	for _, name := range names {
		for _, folder := range libraryFolders {
			if paths, err := filepath.Glob(folder + name); err == nil && len(paths) > 0 {
				return paths[0], nil
			}
		}
	}
	return "", fmt.Errorf("this system has no %s", strings.Join(names, " and no "))
}

// A seen is a report, how it was made, and what is known of the process then.
type seen struct {
	by     reading
	report observation
	truth  known
}

var errMissing = errors.New("cannot be made here")

// see makes the memory, and all reports of it.
func (f foreign) see(ctx context.Context, h host) ([]seen, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := f.command(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errMissing, err)
	}
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer c.Wait()
	defer in.Close()
	lines := bufio.NewScanner(out)
	tales, err := readTales(lines)
	if err != nil {
		return nil, err
	}
	var all []seen
	if h == inGo {
		if !lines.Scan() {
			return nil, errors.New("the daemon has no report of itself")
		}
		var own map[string]observation
		if err := json.Unmarshal(lines.Bytes(), &own); err != nil {
			return nil, fmt.Errorf("%w: %s", err, lines.Text())
		}
		for _, by := range slices.Sorted(maps.Keys(own)) {
			all = append(all, seen{by: reading(by), report: own[by]})
		}
	}
	if err := waitUntilAsleep(ctx, c.Process.Pid); err != nil {
		return nil, err
	}
	before, err := count(c.Process.Pid, h, tales)
	if err != nil {
		return nil, err
	}
	outside, err := f.fromOutside(ctx, h, c.Process.Pid)
	if err != nil {
		return nil, err
	}
	after, err := count(c.Process.Pid, h, tales)
	if err != nil {
		return nil, err
	}
	all = append(all, outside...)
	for i := range all {
		all[i].truth = before.around(after)
	}
	return all, nil
}

// waitUntilAsleep waits until the first thread of a process waits for the end of its input.
func waitUntilAsleep(ctx context.Context, pid int) error {
	for ctx.Err() == nil {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return err
		}
		if i := strings.LastIndex(string(stat), ") "); strings.HasPrefix(string(stat[i+2:]), "S") {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
	return ctx.Err()
}

// readTales reads what foreign.c tells.
func readTales(lines *bufio.Scanner) ([]tale, error) {
	var tales []tale
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case lines.Text() == "made":
			return tales, nil
		case words[0] == "cannot":
			return nil, fmt.Errorf("%w: %s", errMissing, lines.Text())
		case len(words) != 3:
			return nil, fmt.Errorf("the program says %q", lines.Text())
		}
		tales = append(tales, tale{strings.Split(words[0], "|"), parseHex(words[1]), parseHex(words[2])})
	}
	return nil, errors.Join(errors.New("the program ended before it made its memory"), lines.Err())
}

// fromOutside makes the reports of a process that others can make.
func (f foreign) fromOutside(ctx context.Context, h host, pid int) ([]seen, error) {
	var all []seen
	for _, source := range []memanalyzer.Source{memanalyzer.SourceSmaps, memanalyzer.SourceScan} {
		r, err := memanalyzer.ReadProcess(ctx, pid, memanalyzer.From(source), memanalyzer.Top(0))
		if err != nil {
			return nil, err
		}
		all = append(all, seen{by: reading(string(h) + " " + string(source)), report: observe(r)})
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	if f.with.preload != nil && !strings.Contains(string(text), f.with.preload[0][:8]) {
		return nil, fmt.Errorf("%w: the library was not loaded", errMissing)
	}
	r, err := memanalyzer.Parse(strings.NewReader(string(text)), memanalyzer.Top(0))
	if err != nil {
		return nil, err
	}
	return append(all, seen{by: reading(h) + " text", report: observe(r)}), nil
}

// seeItself makes the reports of this process, and tries for a moment to have malloc's sums.
func seeItself(string) any {
	own := map[string]observation{}
	for _, source := range []memanalyzer.Source{memanalyzer.SourceSmaps, memanalyzer.SourceScan} {
		for range 200 {
			r, err := memanalyzer.Read(context.Background(), memanalyzer.From(source), memanalyzer.Top(0))
			if err != nil {
				panic(err)
			}
			own["own "+string(source)] = observe(r)
			if slices.ContainsFunc(r.Proofs, func(p memanalyzer.Proof) bool { return p.ID == "malloc" }) {
				break
			}
			time.Sleep(time.Millisecond)
		}
	}
	return own
}

func init() { children["foreign"] = seeItself }

// canPreload reports whether a library can be preloaded into this program: it has a dynamic linker, and no race
// detector.
func canPreload() bool {
	if isBuiltWith("-race", "true") {
		return false
	}
	program, err := elf.Open("/proc/self/exe")
	if err != nil {
		return false
	}
	defer program.Close()
	return slices.ContainsFunc(program.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}

func TestForeignMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kind of memory")
	}
	t.Parallel()
	out := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\treading\tmade, kB\treported\tmethod\tlow\thigh\trow")
	for _, f := range foreigns {
		t.Run(f.what, func(t *testing.T) { f.test(t, out) })
	}
	out.Flush()
}

// test makes the memory in each of its hosts, prints the reports, and judges them.
func (f foreign) test(t *testing.T, out io.Writer) {
	var missing error
	for _, h := range f.hosts {
		if h == inGo && !canPreload() {
			continue
		}
		all, err := f.see(t.Context(), h)
		switch {
		case errors.Is(err, errMissing):
			missing = err
		case err != nil:
			t.Errorf("%s, %s: %v", f.what, h, err)
		}
		for _, s := range all {
			f.print(out, s)
			if err := f.check(s.report, s.truth, h, s.by); err != nil {
				t.Errorf("%s, %s: %s", f.what, s.by, strings.ReplaceAll(err.Error(), "\n", "; "))
			}
		}
	}
	if missing != nil {
		t.Skip(missing)
	}
}

func (f foreign) print(w io.Writer, s seen) {
	row := f.row(s.report, s.by)
	g := s.report.Figures[row]
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s\n", f.what, s.by, s.truth[f.truth].Least/kb,
		g.Bytes/kb, g.Method, g.Low/kb, g.High/kb, row)
}
