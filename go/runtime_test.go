//go:build linux

package memanalyzer

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/memanalyzer/csrc/core"
)

// Known amounts of Go memory in reports.

const aloneVariable = "MEMANALYZER_TEST_ALONE"

// alone runs f in a process that runs only this test, so that f reuses no memory of other tests. The
// heap has no free memory, does not collect and has no huge pages, so that RSS grows by the amount
// that f makes.
func alone(t *testing.T, f func()) {
	t.Helper()
	if os.Getenv(aloneVariable) == "" {
		t.Parallel()
		// The child inherits this. A kernel without huge pages does not know the call.
		_ = unix.Prctl(unix.PR_SET_THP_DISABLE, 1, 0, 0, 0)
		c := programCommand(t.Context(), executable(t), "-test.run=^"+t.Name()+"$")
		c.Env = append(os.Environ(), aloneVariable+"=1")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	debug.SetGCPercent(-1)
	debug.FreeOSMemory()
	f()
}

func readNow(t *testing.T, options ...ReadOption) *Report {
	t.Helper()
	r, err := Read(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func goRun(r *Report) uint64 {
	return r.Category("go/heap").RSS.Bytes + r.Category("go/stack").RSS.Bytes
}

func touchedBlocks(n int) [][]byte {
	blocks := make([][]byte, n)
	for i := range blocks {
		blocks[i] = make([]byte, mib)
		for j := 0; j < mib; j += 4 * kib {
			blocks[i][j] = 1
		}
	}
	return blocks
}

func TestHeapIsInTheGoHeap(t *testing.T) {
	const amount, tolerance = 64 * mib, 64 * mib / 50
	alone(t, func() {
		before := readNow(t)
		blocks := touchedBlocks(amount / mib)
		after := readNow(t, Top(All))
		if grown := int64(goRun(after) - goRun(before)); grown < amount-tolerance || grown > amount+tolerance {
			t.Errorf("go/heap and go/stack grew by %d, want %d within %d", grown, amount, tolerance)
		}
		checkLaw(t, after)
		// Because the categories add up, these blocks are nowhere else.
		for _, block := range blocks {
			address := uint64(uintptr(unsafe.Pointer(&block[0])))
			if region := regionAt(after, address); region.Category != "go/heap" {
				t.Fatalf("%x, on the heap, is in %q: %+v", address, region.Category, region)
			}
		}
	})
}

// regionAt returns the region that contains an address, or the zero Region.
func regionAt(r *Report, address uint64) Region {
	for _, region := range r.Regions {
		if region.Start <= address && address < region.End {
			return region
		}
	}
	return Region{}
}

func TestFreedHeapIsNotResident(t *testing.T) {
	const amount, tolerance = 64 * mib, 64 * mib / 50
	alone(t, func() {
		before := readNow(t)
		runtime.KeepAlive(touchedBlocks(amount / mib))
		debug.FreeOSMemory()
		if grown := int64(goRun(readNow(t)) - goRun(before)); grown > tolerance {
			t.Errorf("after it was given back, go/heap and go/stack are %d larger", grown)
		}
	})
}

func TestLiveReport(t *testing.T) {
	r := readNow(t, Top(All))
	checkLaw(t, r)
	for c := range r.Categories() {
		if c.Low > c.RSS.Bytes || c.High < c.RSS.Bytes {
			t.Errorf("%s is %d, not from %d to %d", c.ID, c.RSS.Bytes, c.Low, c.High)
		}
		switch c.Method {
		case "named", "verified", "estimated", "inferred":
		default:
			t.Errorf("%s is known by %q", c.ID, c.Method)
		}
	}
	for _, id := range []string{"go/heap", "go/stack", "file/binary", "stacks/main"} {
		if c := r.Category(id); c.RSS.Bytes == 0 {
			t.Errorf("%s holds nothing", id)
		}
	}
	if r.Totals.Mappings == 0 {
		t.Error("there are no mappings")
	}
	checkRegions(t, r)
	if emulator != "" && strconv.IntSize == 32 { // see isProcStrange
		if !slices.ContainsFunc(r.Warnings, func(w string) bool { return strings.HasPrefix(w, "The Go heap that was found differs") }) {
			t.Errorf("warnings: %q, want one of the Go heap", r.Warnings)
		}
		return
	}
	for _, warning := range r.Warnings {
		// The tag memanalyzer_nocgo leaves out the library, and not the C library of other packages.
		if !isPlain || !strings.HasPrefix(warning, "A C library was loaded without cgo") {
			t.Errorf("warning: %q", warning)
		}
	}
}

// Memory that has the shape of an arena is one only if there is a C library, which is asked with cgo.
func TestAReserveOfTheProgramIsNoArena(t *testing.T) {
	alone(t, func() {
		const unit = 64 * mib
		reserve, err := unix.Mmap(-1, 0, 3*unit, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			t.Fatal(err)
		}
		at := -uintptr(unsafe.Pointer(unsafe.SliceData(reserve))) % unit
		b := reserve[at : at+8*mib]
		if err := unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE); err != nil {
			t.Fatal(err)
		}
		touchPages(b)
		r := readNow(t)
		for _, warning := range r.Warnings {
			if isPlain && strings.HasPrefix(warning, "A C library was loaded without cgo") {
				t.Skip(warning)
			}
		}
		if got := r.Category("malloc/arenas").RSS.Bytes; got >= 8*mib {
			t.Errorf("%d bytes are in arenas", got)
		}
		if got := r.Category("anon/rw").RSS.Bytes; got < 8*mib {
			t.Errorf("%d bytes are in Read-Write", got)
		}
	})
}

// A reading with many rows is a large block of malloc, whose mapping the kernel may merge with others.
func TestMallocIsVerified(t *testing.T) {
	if !library.Malloc().Known {
		t.Skip("the C library does not say what it has")
	}
	alone(t, func() {
		if _, err := makeMappings(2000); err != nil {
			t.Fatal(err)
		}
		kept, err := readSelf(t.Context(), readOptions{top: math.MaxUint64, withoutMalloc: true})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		var r *Report
		// A page of a neighbor in the same mapping can be touched during a reading.
		for tries := 0; tries < 10 && (r == nil || r.Category("malloc/mmap").Method != "verified"); tries++ {
			mallocTurns.next = time.Time{}
			r = readNow(t)
		}
		checkLaw(t, r)
		held := map[string]bool{}
		for _, p := range r.Proofs {
			held[p.ID] = p.Held
		}
		if !held["malloc"] || !held["malloc_mmap"] {
			t.Errorf("proofs: %+v", r.Proofs)
		}
		if c := r.Category("malloc/mmap"); c.Method != "verified" || c.RSS.Bytes < 128*kib || c.Low != c.High {
			t.Errorf("%+v", c)
		}
	})
}

// endOfReserved returns the end of the address space that the runtime reserves behind the heap.
func endOfReserved(t *testing.T, end uint64) uint64 {
	for line := range strings.Lines(readFile(t, "/proc/self/maps")) {
		addresses, perms, _ := strings.Cut(line, " ")
		if from, to, _ := strings.Cut(addresses, "-"); strings.HasPrefix(perms, "---") && parseAddress(t, from) == end {
			end = parseAddress(t, to)
		}
	}
	return end
}

func parseAddress(t *testing.T, text string) uint64 {
	n, err := strconv.ParseUint(text, 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// If other memory adjoins the heap, it is counted with it, and the heap is not proven.
func TestWhatAdjoinsTheHeapIsNotProven(t *testing.T) {
	if emulator != "" {
		t.Skip("qemu-user does not know MAP_POPULATE, and can have another /proc/self")
	}
	alone(t, func() {
		const amount = 16 * mib
		var r *Report
		var at, end uint64
		err := error(unix.EEXIST)
		// The reading itself may have grown the heap.
		for tries := 0; err == unix.EEXIST && tries < 10; tries++ {
			r = readNow(t, Top(All), SortBy(SortAddress))
			for _, region := range r.Regions {
				if region.Category == "go/heap" {
					end = region.End
				}
			}
			end = endOfReserved(t, end)
			var mapped unsafe.Pointer
			mapped, err = unix.MmapPtr(-1, 0, unsafe.Add(unsafe.Pointer(nil), end), amount, unix.PROT_READ|unix.PROT_WRITE,
				unix.MAP_ANON|unix.MAP_PRIVATE|unix.MAP_FIXED_NOREPLACE|unix.MAP_POPULATE)
			at = uint64(uintptr(mapped))
		}
		if err == nil && at != end {
			t.Skip("this system does not know MAP_FIXED_NOREPLACE")
		}
		if err != nil {
			t.Fatalf("nothing can be mapped behind the heap, at %x: %v", end, err)
		}
		after := readNow(t)
		for _, p := range after.Proofs {
			if p.ID == "go_heap" && p.Held == (goRun(after) > goRun(r)+amount/2) {
				t.Errorf("%+v, and the heap has %d bytes more", p, goRun(after)-goRun(r))
			}
		}
		checkProofs(t, after)
	})
}

func TestCapturesHaveBounds(t *testing.T) {
	for _, name := range captures(t) {
		for c := range parseCapture(t, name).Categories() {
			if c.Low > c.RSS.Bytes || c.High < c.RSS.Bytes {
				t.Errorf("%s: %s is %d, not from %d to %d", name, c.ID, c.RSS.Bytes, c.Low, c.High)
			}
		}
	}
}

func TestLimitsInForce(t *testing.T) {
	alone(t, func() {
		debug.SetMemoryLimit(1 << 40)
		debug.SetGCPercent(50)
		l := readNow(t).Limits
		if l.GOMEMLIMIT != (Size{1 << 40, true}) || l.GOGC != (Count{50, true}) {
			t.Errorf("GOMEMLIMIT %+v, GOGC %+v", l.GOMEMLIMIT, l.GOGC)
		}
		debug.SetGCPercent(-1)
		if off := readNow(t).Limits.GOGC; off != (Count{math.MaxUint64, true}) {
			t.Errorf("GOGC %+v, want off", off)
		}
		if text, err := os.ReadFile("/proc/sys/vm/max_map_count"); err == nil {
			if want := parseNumber(t, strings.TrimSpace(string(text))); l.MaxMappings != (Count{want, true}) {
				t.Errorf("vm.max_map_count %+v, want %d", l.MaxMappings, want)
			}
		}
		other, err := ReadProcess(t.Context(), os.Getpid())
		if err != nil || other.Limits.GOGC.Known || other.Limits.MaxMappings != l.MaxMappings {
			t.Errorf("by its number: %v, %+v", err, other.Limits)
		}
	})
}

// Without GOMEMLIMIT there is no limit, and no output has a number for it. GOGC=off is a setting.
func TestNoMemoryLimitIsNotALimit(t *testing.T) {
	alone(t, func() {
		debug.SetMemoryLimit(math.MaxInt64)
		debug.SetGCPercent(-1)
		if l := readNow(t).Limits; l.GOMEMLIMIT != (Size{}) || l.GOGC != (Count{math.MaxUint64, true}) {
			t.Errorf("GOMEMLIMIT %+v, GOGC %+v, want no limit, and off", l.GOMEMLIMIT, l.GOGC)
		}
		for target, want := range map[string]string{
			"/":                    "\nGOGC:              off\n",
			"/?format=json":        `"go_gomemlimit": null, "go_gogc": 18446744073709551615 }`,
			"/?format=smaps":       "\n# go.gogc: 18446744073709551615\n",
			"/?format=openmetrics": "memanalyzer_resident_bytes",
		} {
			body := ask(handler, "GET", target).Body.String()
			if !strings.Contains(body, want) || strings.Contains(body, "9223372036854775807") || strings.Contains(body, "GOMEMLIMIT") {
				t.Errorf("%s: want %q and no GOMEMLIMIT in\n%.3000s", target, want, body)
			}
		}
		debug.SetMemoryLimit(1 << 40)
		if body := ask(handler, "GET", "/?format=json").Body.String(); !strings.Contains(body, `"go_gomemlimit": 1099511627776,`) {
			t.Errorf("a limit of 2^40 is not in\n%.3000s", body)
		}
	})
}

// An anchor on a stack would move, and be in another part of the runtime's memory. The runtime
// ends the program if an object with a finalizer is not on the heap.
func TestAnAnchorIsOnTheHeapUntilItIsReleased(t *testing.T) {
	collected := make(chan struct{})
	a := newAnchor()
	runtime.SetFinalizer(a, func(*anchor) { close(collected) })
	malloc := func() core.Malloc { // readFacts calls this
		runtime.GC()
		return core.Malloc{}
	}
	f := readFacts(malloc, a)
	runtime.GC()
	select {
	case <-collected:
		t.Error("the anchor is collected before its release")
	case <-time.After(10 * time.Millisecond):
	}
	if at := f.Go.Anchors[f.Go.AnchorCount-1]; at != addressOf(a) {
		t.Errorf("the last anchor is %x, want %x", at, addressOf(a))
	}
	runtime.KeepAlive(a)
	runtime.GC()
	select {
	case <-collected:
	case <-time.After(10 * time.Second):
		t.Error("the anchor is kept after its release")
	}
}

// deep uses about n kB of the goroutine's stack, then waits for done.
func deep(n int, ready *sync.WaitGroup, done <-chan struct{}) byte {
	var frame [kib]byte
	for i := range frame {
		frame[i] = byte(n)
	}
	if n > 0 {
		deep(n-1, ready, done)
	} else {
		ready.Done()
		<-done
	}
	return frame[n%kib]
}

func TestDeepGoroutinesAreStack(t *testing.T) {
	const goroutines, depth = 200, 64
	alone(t, func() {
		before := readNow(t).Category("go/stack")
		done := make(chan struct{})
		var ready sync.WaitGroup
		ready.Add(goroutines)
		for range goroutines {
			go deep(depth, &ready, done)
		}
		ready.Wait()
		after := readNow(t)
		close(done)

		stack := after.Category("go/stack")
		if want := before.High + goroutines*depth*kib; stack.High < want {
			t.Errorf("go/stack is at most %d, want at least %d", stack.High, want)
		}
		if stack.RSS.Bytes <= before.RSS.Bytes {
			t.Errorf("go/stack is %d, and was %d", stack.RSS.Bytes, before.RSS.Bytes)
		}
		checkLaw(t, after)
	})
}

// marked returns the size of the objects that the last collection has marked.
func marked(t *testing.T) int64 {
	for _, p := range readNow(t, Top(0)).Category("go/heap").Parts {
		if p.ID == "marked" {
			return int64(p.Committed)
		}
	}
	t.Fatal("go/heap has no part that is marked")
	return 0
}

// profileRecords are global, so that they are not in the profile.
var profileRecords [10000]runtime.MemProfileRecord

// inUse adds up pprof's heap profile, which is as old as the last but one collection.
func inUse(t *testing.T) int64 {
	runtime.GC()
	runtime.GC()
	records := profileRecords[:]
	n, ok := runtime.MemProfile(records, false)
	if !ok {
		t.Fatalf("the profile has %d records", n)
	}
	var sum int64
	for _, r := range records[:n] {
		sum += r.InUseBytes()
	}
	return sum
}

// pprof, the report and the program agree on live memory, and on what gc=1 collects.
func TestMarkedIsWhatTheHeapProfileHas(t *testing.T) {
	const tolerance = 32 * mib / 50
	near := func(what string, got, want int64) {
		if got < want-tolerance || got > want+tolerance {
			t.Errorf("%s is %d, want %d within %d", what, got, want, tolerance)
		}
	}
	alone(t, func() {
		runtime.MemProfileRate = 1
		profileBefore, before := inUse(t), marked(t)
		objects := make([][]byte, 0, 1<<16)
		amount := int64(cap(objects)) * int64(unsafe.Sizeof(objects[0]))
		for size := 64; size <= mib; size *= 2 {
			for range 2 * mib / size {
				objects = append(objects, make([]byte, size))
				amount += int64(size)
			}
		}
		profile, live := inUse(t), marked(t)
		near("the profile", profile-profileBefore, amount)
		near("what is marked", live-before, profile-profileBefore)
		runtime.KeepAlive(objects) // until here

		runtime.KeepAlive(touchedBlocks(32))
		near("what is marked before a collection", marked(t), live)
		if w := ask(mustNew(t), "GET", "/?gc=1"); w.Code != 200 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		near("what is marked after gc=1", marked(t), before)
	})
}
