//go:build linux

package memanalyzer

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Labels of this process, and their rows in reports. csrc/tests/test_self_labels.c has the names that are
// refused or cut.

// residentUnder returns the resident bytes with a name; ok is false if the report has no such name.
func residentUnder(t *testing.T, name string) (bytes uint64, ok bool) {
	t.Helper()
	r := readNow(t, Top(0))
	checkLaw(t, r)
	for _, n := range r.Category("named").Names {
		if n.Name == name {
			return n.RSS.Bytes, true
		}
	}
	return 0, false
}

func wantResident(t *testing.T, name string, want uint64) {
	t.Helper()
	if got, _ := residentUnder(t, name); got != want {
		t.Errorf("%q is %d bytes, want %d", name, got, want)
	}
}

func mapped(t *testing.T, size, flags int) []byte {
	t.Helper()
	b, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|flags)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Munmap(b) })
	return b
}

func touchPages(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
}

func TestMmapIsNamed(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	page := os.Getpagesize()
	m, err := Mmap(mib-1, "TestMmapIsNamed")
	if err != nil {
		t.Fatal(err)
	}
	if b := m.Bytes(); len(b) != mib-1 || cap(b) != mib {
		t.Errorf("%d bytes of %d, want %d of %d", len(b), cap(b), mib-1, mib)
	}
	wantResident(t, "TestMmapIsNamed", 0)
	// A kernel without huge pages does not know this advice.
	_ = unix.Madvise(m.pages, unix.MADV_NOHUGEPAGE)
	touchPages(m.Bytes()[:5*page])
	wantResident(t, "TestMmapIsNamed", uint64(5*page))
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if m.Bytes() != nil {
		t.Error("bytes after Close")
	}
	if _, ok := residentUnder(t, "TestMmapIsNamed"); ok {
		t.Error("a name after Close")
	}
}

func TestLabelNamesAPart(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	for what, flags := range map[string]int{"private": unix.MAP_PRIVATE, "shared": unix.MAP_SHARED} {
		b := mapped(t, mib, flags)
		touchPages(b)
		name := "TestLabelNamesAPart [" + what + "] \u00e9"
		l, err := Label(b[mib/4:mib/2], name)
		if err != nil {
			t.Fatal(err)
		}
		wantResident(t, name, mib/4)
		if err := l.Remove(); err != nil {
			t.Error(err)
		}
		wantResident(t, name, 0)
		if err := l.Remove(); !errors.Is(err, ErrNoLabel) {
			t.Errorf("removed again: %v", err)
		}
	}
}

var inData [1 << 16]byte

func TestLabelErrors(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	page := os.Getpagesize()
	file, err := os.Open("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	ofFile, err := unix.Mmap(int(file.Fd()), 0, page, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(ofFile)
	b, labeled := mapped(t, 4*page, unix.MAP_PRIVATE), mapped(t, page, unix.MAP_PRIVATE)
	if l, err := Label(labeled, "TestLabelErrors"); err != nil {
		t.Fatal(err)
	} else {
		defer l.Remove()
	}
	var onStack [1 << 14]byte
	for _, c := range []struct {
		what   string
		region []byte
		name   string
		want   error
	}{
		{"nothing", nil, "a", ErrNoPage},
		{"no page", b[1:page], "a", ErrNoPage},
		{"no name", b, "", ErrLabelName},
		{"a control character", b, "a\n", ErrLabelName},
		{"256 bytes", b, strings.Repeat("a", 256), ErrLabelName},
		{"the Go heap, large", make([]byte, mib), "a", ErrGoHeap},
		{"the Go heap, 64 MiB", make([]byte, 64*mib), "a", ErrGoHeap},
		{"a goroutine's stack", onStack[:], "a", ErrGoHeap},
		{"a file", ofFile, "a", ErrNotAnonymous},
		{"a label", labeled, "a", ErrLabeled},
	} {
		l, err := Label(c.region, c.name)
		var failed *LabelError
		if l != nil || !errors.Is(err, c.want) || !errors.As(err, &failed) || failed.Message == "" {
			t.Errorf("%s: %v, want %v", c.what, err, c.want)
		}
	}
	if err := addLabel(uintptr(page), uintptr(page), "a", 0); !errors.Is(err, ErrNotMapped) {
		t.Errorf("what is not mapped: %v", err)
	}
	for _, size := range []int{0, -1, math.MinInt, math.MaxInt} {
		if m, err := Mmap(size, "a"); m != nil || !errors.Is(err, ErrNoPage) {
			t.Errorf("Mmap(%d): %v", size, err)
		}
	}
	if strconv.IntSize == 64 { // a 32-bit process can map 2 GB
		if m, err := Mmap(math.MaxInt-2*page, "a"); m != nil || !errors.Is(err, unix.ENOMEM) {
			t.Errorf("Mmap of more than there is: %v", err)
		}
	}
	if m, err := Mmap(page, ""); m != nil || !errors.Is(err, ErrLabelName) {
		t.Errorf("Mmap without a name: %v", err)
	}
}

// Labels near the Go heap do not harm the collector, and reports still find the heap.
func TestLabelsBesideTheHeap(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	l, err := Label(inData[:], "TestLabelsBesideTheHeap")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Remove()
	touchPages(inData[:])
	if got, _ := residentUnder(t, "TestLabelsBesideTheHeap"); got == 0 || got > 1<<16 {
		t.Errorf("%d bytes of %d", got, 1<<16)
	}
	if readNow(t).Category("go/heap").RSS.Bytes == 0 {
		t.Error("no Go heap")
	}
}

func TestGoroutinesLabelAtOnce(t *testing.T) {
	needOwnProc(t)
	t.Parallel()
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for range 20 {
				m, err := Mmap(mib, fmt.Sprintf("TestGoroutinesLabelAtOnce %d", i))
				if err != nil {
					t.Error(err)
					return
				}
				touchPages(m.Bytes())
				defer m.Close()
			}
			readNow(t)
		})
	}
	wait.Wait()
}
