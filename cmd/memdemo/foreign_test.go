//go:build linux && cgo

package main

// The ground truth of memory that other allocators and runtimes make, or that looks like theirs.
// build/foreign (csrc/tests/programs/foreign.c) makes it, in a program of its own or preloaded
// into a Go daemon, and says where it is; this test counts the resident pages there, and compares
// them with reports from outside, of a saved text, and of the daemon itself.

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
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
	rows  []string // where a user finds it: one of these has nearly all of it
	also  []string // as well, for a reader that has no flags of mappings or no threads
	hosts []host
}

// A setting is how an allocator is loaded or tuned.
type setting struct {
	preload  []string // one of these libraries, or of the paths that clang prints for them
	tunables string   // GLIBC_TUNABLES
}

// A host is a program that has the memory.
type host string

const (
	inC    host = "C"
	inMusl host = "musl"
	inGo   host = "Go"
)

var (
	glibc    = setting{}
	jemalloc = setting{preload: []string{"libjemalloc.so.2"}}
	mimalloc = setting{preload: []string{"libmimalloc.so.3", "libmimalloc.so.2"}}
	tcmalloc = setting{preload: []string{"libtcmalloc_minimal.so.4"}}
	scudo    = setting{preload: []string{"libclang_rt.scudo_standalone-x86_64.so", "libclang_rt.scudo_standalone.so"}}

	both = []host{inC, inGo}

	cHeap   = []string{"malloc"}
	unnamed = []string{"malloc", "anon/rw"} // malloc, if the allocator is recognized
	rw      = []string{"anon/rw"}
	threads = []string{"stacks/threads"}
)

func tuned(tunables string) setting { return setting{tunables: tunables} }

var foreigns = []foreign{
	{"glibc", "malloc 4 6144 0", glibc, "malloc", unnamed, nil, both},
	{"  arena_max=1", "malloc 4 6144 0", tuned("glibc.malloc.arena_max=1"), "malloc", unnamed, nil, both},
	{"  hugetlb=1", "malloc 4 6144 0", tuned("glibc.malloc.hugetlb=1"), "malloc", unnamed, nil, both},
	{"  hugetlb=2", "malloc 4 6144 0", tuned("glibc.malloc.hugetlb=2"), "malloc", unnamed, nil, both},
	{"  decorate_maps=1", "malloc 4 6144 0", tuned("glibc.mem.decorate_maps=1"), "malloc", unnamed, nil, both},
	{"  one arena of 100 MB", "malloc 1 102400 0", tuned("glibc.malloc.mmap_threshold=33554432"), "malloc", cHeap, nil, both},
	{"jemalloc", "malloc 4 6144 0", jemalloc, "malloc", unnamed, nil, both},
	{"mimalloc", "malloc 4 6144 0", mimalloc, "malloc", unnamed, nil, both},
	{"tcmalloc", "malloc 4 6144 0", tcmalloc, "malloc", unnamed, nil, both},
	{"scudo", "malloc 4 6144 0", scudo, "malloc", unnamed, nil, both},
	{"musl, static", "malloc 4 6144 0", glibc, "malloc", unnamed, nil, []host{inMusl}},

	{"guarded buffers of 4 kB", "guarded 200 4 4", glibc, "anon/rw", rw, nil, both},
	{"  of 64 kB", "guarded 100 64 4", glibc, "anon/rw", rw, threads, both},
	{"fibres", "fibres 64 64 4", glibc, "anon/rw", rw, threads, both},
	{"  mapped with MAP_STACK", "tagged 64 64 4", glibc, "anon/rw", rw, threads, both},
	{"slots of 128 kB, guards of 64 kB", "slots 64 128 64", glibc, "anon/rw", rw, threads, both},
	{"  guards of 16 kB", "slots 64 128 16", glibc, "anon/rw", rw, threads, both},
	{"  without reserve", "noreserve 64 128 64", glibc, "anon/rw", rw, threads, both},
	{"  in a program of musl", "slots 64 128 16", glibc, "anon/rw", rw, threads, []host{inMusl}},
	{"memory before a reserve of 1 GiB", "reserve 2 24576 1048576", glibc, "anon/rw", rw, nil, both},
	{"  up to the next 64 MiB", "reserve 1 24576 40960", glibc, "anon/rw", unnamed, nil, both},
	{"  at a low address", "low 1 24576 1048576", glibc, "anon/rw", rw, nil, both},
	{"  up to the next 64 MiB", "low 1 24576 40960", glibc, "anon/rw", unnamed, []string{"go/heap"}, both},

	{"16 threads wait", "waiting 16 256 0", glibc, "stacks/threads", threads, rw, both},
	{"16 threads block", "blocked 16 256 0", glibc, "stacks/threads", threads, rw, both},
	{"4 threads run", "running 4 1024 0", glibc, "stacks/threads", threads, rw, both},
	{"16 threads of musl wait", "waiting 16 64 0", glibc, "stacks/threads", threads, rw, []host{inMusl}},
	{"16 adjoining stacks wait", "adjoining-waiting 16 192 0", glibc, "stacks/threads", threads, rw, both},
	{"16 adjoining stacks block", "adjoining-blocked 16 192 0", glibc, "stacks/threads", threads, rw, both},
	{"4 adjoining stacks run", "adjoining-running 4 192 0", glibc, "stacks/threads", threads, rw, both},
	{"  with jemalloc", "adjoining-running 4 192 0", jemalloc, "stacks/threads", threads, rw, both},
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

func (k known) add(n extent, categories ...string) {
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

// What nobody told of can be in any of these: memory of the loader and of libc, and what the
// allocator has beside its blocks; in a Go daemon, what is Go's, too.
var (
	untold   = []string{"anon/rw", "malloc", "other/loader"}
	untoldGo = append([]string{"go/heap", "go/stack", "go/metadata", "stacks/threads", "named", "anon/none", "anon/ro"}, untold...)
)

// count counts the resident pages of a process by category.
func count(pid int, h host, tales []tale) (known, error) {
	slices.SortFunc(tales, func(a, b tale) int { return int(min(max(int64(a.from-b.from), -1), 1)) })
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
			from, to, name = address(low), address(high), strings.Join(words[5:], " ")
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
			k.add(extent{kB * kb, kB * kb}, category)
		default:
			others := untold
			if h == inGo {
				others = untoldGo
			}
			if err := k.addPages(pagemap, from, to, tales, others); err != nil {
				return nil, err
			}
		}
	}
	return k, nil
}

func address(hex string) uint64 {
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
	case name == "[heap]":
		return "malloc"
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
		k.add(n, categories...)
	}
	return nil
}

// The whole of a Go daemon changes all the time, so that only what was told of is certain: no
// category has more than what the others leave.
func (k known) of(o observation, h host) known {
	if h != inGo {
		return k
	}
	var certain int64
	for _, e := range k {
		certain += e.Least
	}
	left := known{}
	for c := range o.Figures {
		left[c] = extent{k[c].Least, o.RSS - certain + k[c].Least}
	}
	return left
}

// check returns what is wrong with a report.
func (f foreign) check(o observation, k known, h host, by string) error {
	var wrong []error
	fail := func(format string, a ...any) { wrong = append(wrong, fmt.Errorf(format, a...)) }
	k = k.of(o, h)
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
	if c := f.row(o, by); o.Figures[c].Bytes < k[f.truth].Least/10*9 {
		fail("%s has %d of %d kB", c, o.Figures[c].Bytes/kb, k[f.truth].Least/kb)
	}
	return errors.Join(wrong...)
}

// row returns the row that has most of the memory, of those that may.
func (f foreign) row(o observation, by string) string {
	rows := f.rows
	if !strings.HasSuffix(by, "smaps") {
		rows = append(slices.Clone(rows), f.also...)
	}
	return slices.MaxFunc(rows, func(a, b string) int { return int(o.Figures[a].Bytes - o.Figures[b].Bytes) })
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
			return nil, fmt.Errorf("%w: run make test-foreign-programs", err)
		}
	}
	c := exec.CommandContext(ctx, program)
	c.Stderr = os.Stderr
	c.Env = append(os.Environ(), foreignVariable+"="+f.make, "GLIBC_TUNABLES="+f.with.tunables,
		"LD_PRELOAD="+strings.Join(preload, ":"), childVariable+"=foreign ")
	return c, nil
}

// findLibrary returns the path of the first of libraries that the system or clang has.
func findLibrary(names []string) (string, error) {
	for _, name := range names {
		for _, compiler := range []string{"cc", "clang"} {
			path, err := exec.Command(compiler, "-print-file-name="+name).Output()
			if file := strings.TrimSpace(string(path)); err == nil && filepath.IsAbs(file) {
				return file, nil
			}
		}
	}
	return "", fmt.Errorf("this system has no %s", strings.Join(names, ", no "))
}

// A seen is a report, how it was made, and what is known of the process then.
type seen struct {
	by     string
	report observation
	truth  known
}

var errSkipped = errors.New("skipped")

// see makes the memory, and all reports of it.
func (f foreign) see(ctx context.Context, h host) ([]seen, error) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	c, err := f.command(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSkipped, err)
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
			all = append(all, seen{by: by, report: own[by]})
		}
	}
	before, err := count(c.Process.Pid, h, tales)
	if err != nil {
		return nil, err
	}
	outside, err := f.fromOutside(ctx, c.Process.Pid)
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

// readTales reads what foreign.c tells.
func readTales(lines *bufio.Scanner) ([]tale, error) {
	var tales []tale
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case lines.Text() == "made":
			return tales, nil
		case words[0] == "cannot":
			return nil, fmt.Errorf("%w: %s", errSkipped, lines.Text())
		case len(words) != 3:
			return nil, fmt.Errorf("the program says %q", lines.Text())
		}
		tales = append(tales, tale{strings.Split(words[0], "|"), address(words[1]), address(words[2])})
	}
	return nil, errors.Join(errors.New("the program ended before it made its memory"), lines.Err())
}

// fromOutside makes the reports of a process that others can make.
func (f foreign) fromOutside(ctx context.Context, pid int) ([]seen, error) {
	var all []seen
	for _, source := range []memanalyzer.Source{memanalyzer.SourceSmaps, memanalyzer.SourceScan} {
		r, err := memanalyzer.ReadProcess(ctx, pid, memanalyzer.From(source), memanalyzer.Top(0))
		if err != nil {
			return nil, err
		}
		all = append(all, seen{by: string(source), report: observe(r)})
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps", pid))
	if err != nil {
		return nil, err
	}
	if f.with.preload != nil && !strings.Contains(string(text), filepath.Base(f.with.preload[0])[:8]) {
		return nil, fmt.Errorf("%w: the library was not loaded", errSkipped)
	}
	r, err := memanalyzer.Parse(strings.NewReader(string(text)), memanalyzer.Top(0))
	if err != nil {
		return nil, err
	}
	return append(all, seen{by: "text", report: observe(r)}), nil
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

// failing has the reports that are not yet right: by the row's place in the table and the program,
// those of its reports. A report that is right and listed here fails the test.
var failing = map[string]string{}

func isRace() bool {
	info, _ := debug.ReadBuildInfo()
	return slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

func TestForeignMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process for each kind of memory")
	}
	t.Parallel()
	out := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "what\tin\tby\tmade, kB\treported\tmethod\tlow\thigh\trow")
	what := ""
	for _, f := range foreigns {
		if !strings.HasPrefix(f.what, " ") {
			what = f.what
		}
		for _, h := range f.hosts {
			if h == inGo && isRace() {
				continue // nothing can be preloaded
			}
			key := strings.TrimSpace(what+strings.TrimPrefix(f.what, what)) + ", " + string(h)
			all, err := f.see(t.Context(), h)
			switch {
			case errors.Is(err, errSkipped):
				fmt.Fprintf(out, "%s\t%s\t%v\n", f.what, h, err)
			case err != nil:
				t.Errorf("%s: %v", key, err)
			}
			for _, s := range all {
				f.print(out, h, s)
				f.judge(t, key, h, s)
			}
		}
	}
	out.Flush()
}

func (f foreign) judge(t *testing.T, key string, h host, s seen) {
	t.Helper()
	err := f.check(s.report, s.truth, h, s.by)
	known := slices.Contains(strings.Split(failing[key], ", "), s.by)
	switch {
	case err != nil && known:
		t.Logf("not yet right: %s, %s: %s", key, s.by, strings.ReplaceAll(err.Error(), "\n", "; "))
	case err != nil:
		t.Errorf("%s, %s: %s", key, s.by, strings.ReplaceAll(err.Error(), "\n", "; "))
	case known:
		t.Errorf("%s, %s: this is right, and listed as failing", key, s.by)
	}
}

func (f foreign) print(w io.Writer, h host, s seen) {
	row := f.row(s.report, s.by)
	g := s.report.Figures[row]
	fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\t%s\t%d\t%d\t%s\n", f.what, h, s.by, s.truth[f.truth].Least/kb,
		g.Bytes/kb, g.Method, g.Low/kb, g.High/kb, row)
}
