//go:build linux

package main

// Mappings, made by system calls. They exist until the process ends. Files are unlinked as soon as
// they are mapped, so that none is left even if the process is killed.

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	memanalyzer "example.com/memanalyzer/go"
)

const (
	readWrite = unix.PROT_READ | unix.PROT_WRITE
	private   = unix.MAP_PRIVATE | unix.MAP_ANONYMOUS
)

func makeNamed(a amount, _ config) (made, error) {
	b, err := touched(a.n, private)
	if err != nil {
		return made{}, err
	}
	how := fmt.Sprintf("private anonymous, labeled: [anon:%s]", a.name)
	if _, err := memanalyzer.Label(b, a.name); err != nil {
		how = fmt.Sprintf("private anonymous, rw-p, without its name: %v", err)
	}
	return mapping(b, how), nil
}

func makeAnonRO(a amount, _ config) (made, error) {
	return protected(a.n, unix.PROT_READ, "r--p")
}

func makeAnonExec(a amount, _ config) (made, error) {
	return protected(a.n, unix.PROT_READ|unix.PROT_EXEC, "r-xp")
}

func makeAnonNone(a amount, _ config) (made, error) {
	return protected(a.n, unix.PROT_NONE, "---p")
}

// protected changes the access of memory that is resident, and remains so.
func protected(n, access int, shown string) (made, error) {
	b, err := touched(n, private)
	if err != nil {
		return made{}, err
	}
	if err := unix.Mprotect(b, access); err != nil {
		unix.Munmap(b)
		return made{}, fmt.Errorf("mprotect: %w", err)
	}
	return mapping(b, "private anonymous, touched, then mprotect: "+shown), nil
}

func makeSharedAnon(a amount, _ config) (made, error) {
	b, err := touched(a.n, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return made{}, err
	}
	return mapping(b, "shared anonymous: /dev/zero (deleted)"), nil
}

func makeMemfd(a amount, _ config) (made, error) {
	fd, err := unix.MemfdCreate("memdemo", unix.MFD_CLOEXEC)
	if err != nil {
		return made{}, fmt.Errorf("memfd_create: %w", err)
	}
	return sharedFile(os.NewFile(uintptr(fd), "memfd"), a.n, "/memfd:memdemo (deleted)")
}

func makeShm(a amount, _ config) (made, error) {
	f, err := os.CreateTemp("/dev/shm", "memdemo-*")
	if err != nil {
		return made{}, err
	}
	defer os.Remove(f.Name())
	return sharedFile(f, a.n, f.Name()+" (deleted)")
}

// sharedFile maps a file, writes every page, and closes the file.
func sharedFile(f *os.File, n int, shown string) (made, error) {
	defer f.Close()
	n = roundUp(n, os.Getpagesize())
	if err := f.Truncate(int64(n)); err != nil {
		return made{}, err
	}
	b, err := mmap(int(f.Fd()), n, readWrite, unix.MAP_SHARED)
	if err != nil {
		return made{}, err
	}
	if err := touch(b); err != nil {
		unix.Munmap(b)
		return made{}, err
	}
	return mapping(b, "shared, every page written: "+shown), nil
}

func makeSysV(a amount, _ config) (made, error) {
	n := roundUp(a.n, os.Getpagesize())
	id, err := unix.SysvShmGet(unix.IPC_PRIVATE, n, unix.IPC_CREAT|0o600)
	if err != nil {
		return made{}, fmt.Errorf("shmget: %w", err)
	}
	// The segment then exists until the process ends.
	defer unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	b, err := unix.SysvShmAttach(id, 0, 0)
	if err != nil {
		return made{}, fmt.Errorf("shmat: %w", err)
	}
	if err := touch(b); err != nil {
		unix.SysvShmDetach(b)
		return made{}, err
	}
	return mapping(b, "shmget and shmat: /SYSV00000000 (deleted)"), nil
}

func makeFile(a amount, _ config) (made, error) {
	b, name, err := mappedFile(a.n, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return made{}, err
	}
	return mapping(b, fmt.Sprintf("r--s, every page read: %s (deleted)", name)), nil
}

func makeFileWritten(a amount, _ config) (made, error) {
	b, name, err := mappedFile(a.n, readWrite, unix.MAP_SHARED)
	if err != nil {
		return made{}, err
	}
	if err := touch(b); err != nil {
		unix.Munmap(b)
		return made{}, err
	}
	return mapping(b, fmt.Sprintf("rw-s, every page written: %s (deleted)", name)), nil
}

func makeFilePrivate(a amount, _ config) (made, error) {
	b, name, err := mappedFile(a.n, readWrite, unix.MAP_PRIVATE)
	if err != nil {
		return made{}, err
	}
	page := os.Getpagesize()
	written := len(b) / page / 4 * page
	if err := touch(b[:written]); err != nil {
		unix.Munmap(b)
		return made{}, err
	}
	return mapping(b, fmt.Sprintf("rw-p, every page read, the first %s written: %s (deleted)", formatSize(written), name)), nil
}

// mappedFile maps a new file of n bytes and reads every page; it returns the file's former name,
// too. The file is synced, so that its pages are clean now and not at some later time.
func mappedFile(n, access, flags int) ([]byte, string, error) {
	f, err := os.CreateTemp("", "memdemo-*.data")
	if err != nil {
		return nil, "", err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	n = roundUp(n, os.Getpagesize())
	chunk := bytes.Repeat([]byte{filled}, 64*kb)
	for left := n; left > 0; left -= min(left, len(chunk)) {
		if _, err := f.Write(chunk[:min(left, len(chunk))]); err != nil {
			return nil, "", err
		}
	}
	if err := f.Sync(); err != nil {
		return nil, "", err
	}
	b, err := mmap(int(f.Fd()), n, access, flags)
	if err != nil {
		return nil, "", err
	}
	if err := readBack(b); err != nil {
		unix.Munmap(b)
		return nil, "", err
	}
	return b, f.Name(), nil
}

// zeroed is in the program's bss, which is not resident until it is touched.
var zeroed [16 * mb]byte

func makeBSS(a amount, _ config) (made, error) {
	b := zeroed[:roundUp(a.n, os.Getpagesize())]
	return mapping(b, "zeroed data of the program, after its file's mappings"), touch(b)
}

func makeLazyFree(a amount, _ config) (made, error) {
	return advised(a.n, unix.MADV_FREE, "MADV_FREE", "LazyFree")
}

// advised touches private memory, and then lets the kernel reclaim it.
func advised(n, advice int, name, column string) (made, error) {
	b, err := touched(n, private)
	if err != nil {
		return made{}, err
	}
	if err := unix.Madvise(b, advice); err != nil {
		unix.Munmap(b)
		return made{}, fmt.Errorf("madvise(%s): %w", name, err)
	}
	return mapping(b, fmt.Sprintf("private anonymous, %s: rw-p, %s", name, column)), nil
}

func makeSwapped(a amount, _ config) (made, error) {
	var system unix.Sysinfo_t
	if err := unix.Sysinfo(&system); err != nil {
		return made{}, fmt.Errorf("sysinfo: %w", err)
	}
	if free := uint64(system.Freeswap) * uint64(system.Unit); free < uint64(a.n) {
		return made{}, fmt.Errorf("only %d kB of swap are free", free/kb)
	}
	return advised(a.n, unix.MADV_PAGEOUT, "MADV_PAGEOUT", "Swap")
}

// makeTHP maps a huge page more than it touches, for alignment.
func makeTHP(a amount, _ config) (made, error) {
	huge, err := transparentPage()
	if err != nil {
		return made{}, err
	}
	n := roundUp(a.n, huge)
	whole, err := mmap(-1, n+huge, readWrite, private)
	if err != nil {
		return made{}, err
	}
	first := roundUp(int(address(whole)), huge) - int(address(whole))
	b := whole[first : first+n]
	err = unix.Madvise(b, unix.MADV_HUGEPAGE)
	if err != nil {
		err = fmt.Errorf("madvise(MADV_HUGEPAGE): %w", err)
	} else {
		err = touch(b)
	}
	if err != nil {
		unix.Munmap(whole)
		return made{}, err
	}
	return mapping(b, "private anonymous, aligned, MADV_HUGEPAGE: rw-p, AnonHugePages"), nil
}

// transparentPage returns the size of a transparent huge page, or an error if they are disabled.
func transparentPage() (int, error) {
	const folder = "/sys/kernel/mm/transparent_hugepage/"
	enabled, err := os.ReadFile(folder + "enabled")
	if err != nil {
		return 0, fmt.Errorf("no transparent huge pages in this kernel: %w", err)
	}
	if strings.Contains(string(enabled), "[never]") {
		return 0, fmt.Errorf("transparent huge pages are off: %senabled says never", folder)
	}
	return numberIn(folder+"hpage_pmd_size", "%d")
}

func makeHugetlb(a amount, _ config) (made, error) {
	huge, err := numberIn("/proc/meminfo", "Hugepagesize: %d kB")
	if err != nil {
		return made{}, err
	}
	b, err := mmap(-1, roundUp(a.n, huge*kb), readWrite, private|unix.MAP_HUGETLB)
	if err != nil {
		return made{}, fmt.Errorf("%w (are there enough huge pages? /proc/sys/vm/nr_hugepages)", err)
	}
	if err := touch(b); err != nil {
		unix.Munmap(b)
		return made{}, err
	}
	return mapping(b, "private anonymous, MAP_HUGETLB: /anon_hugepage (deleted), Private_Hugetlb"), nil
}

// numberIn returns the number in the first line of a file that matches a format of fmt.Sscanf.
func numberIn(path, form string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		var n int
		if got, _ := fmt.Sscanf(line, form, &n); got == 1 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%s has no line that matches %q", path, form)
}

func makeUntouched(a amount, _ config) (made, error) {
	return virtual(a.n, readWrite, "rw-p")
}

func makeReserved(a amount, _ config) (made, error) {
	return virtual(a.n, unix.PROT_NONE, "---p")
}

// virtual maps without touching. MAP_NORESERVE permits more than the machine has, and keeps the
// mapping from being merged with a touched neighbor.
func virtual(n, access int, shown string) (made, error) {
	b, err := mmap(-1, roundUp(n, os.Getpagesize()), access, private|unix.MAP_NORESERVE)
	if err != nil {
		return made{}, err
	}
	return mapping(b, "private anonymous, virtual only: "+shown), nil
}

// touched returns n bytes of resident anonymous memory, rounded up to pages.
func touched(n, flags int) ([]byte, error) {
	b, err := mmap(-1, roundUp(n, os.Getpagesize()), readWrite, flags)
	if err != nil {
		return nil, err
	}
	if err := touch(b); err != nil {
		unix.Munmap(b)
		return nil, err
	}
	return b, nil
}

func mmap(fd, n, access, flags int) ([]byte, error) {
	b, err := unix.Mmap(fd, 0, n, access, flags)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	return b, nil
}

func mapping(b []byte, how string) made {
	return made{n: len(b), how: how, at: address(b)}
}

func address(b []byte) uintptr {
	return uintptr(unsafe.Pointer(&b[0]))
}

// filled is the first byte of a touched page. It is not 0, because the kernel can share one page of
// zeros.
const filled = 1

// touch writes to every page of b. It returns an error if the kernel sends SIGBUS because it has no
// memory for a page: /dev/shm is full, or a cgroup's limit of huge pages is reached.
func touch(b []byte) error {
	return faulting(func() error {
		fill(b)
		return nil
	})
}

func fill(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = filled
	}
}

// readBack reads every page of a file that mappedFile wrote.
func readBack(b []byte) error {
	return faulting(func() error {
		for i := 0; i < len(b); i += os.Getpagesize() {
			if b[i] != filled {
				return fmt.Errorf("the file has %d at %d, where %d was written", b[i], i, filled)
			}
		}
		return nil
	})
}

// faulting calls access, and returns an error if it faults.
func faulting(access func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = errors.New("the kernel has no memory for all its pages")
		}
	}()
	return access()
}

// roundUp rounds n up to a multiple of unit, which is a power of two.
func roundUp(n, unit int) int {
	return (n + unit - 1) &^ (unit - 1)
}
