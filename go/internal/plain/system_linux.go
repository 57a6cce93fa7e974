package plain

import (
	"encoding/binary"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/memanalyzer/go/internal/plain/module"
)

// hasSource says that processes can be read.
const hasSource = true

// system serves the imports of csrc/wasm/sys.h. Negative results are errors of the system.
type system struct {
	*module.Module
	memory  *memory
	files   []int    // that are open
	listing struct { // of a folder
		fd    int32
		names []string
	}
}

func (s *system) Xmemory() module.Memory { return s.memory }

func result[T int | uintptr](n T, err error) int64 {
	if err == nil {
		return int64(n)
	}
	if errno, ok := err.(unix.Errno); ok {
		if errno == 0 {
			return int64(n)
		}
		return -int64(errno)
	}
	return -int64(unix.EINVAL)
}

// swapWords changes numbers of 8 bytes from the byte order of this machine to that of the module.
func swapWords(b []byte) {
	for ; isBigEndian && len(b) >= 8; b = b[8:] {
		slices.Reverse(b[:8])
	}
}

var isBigEndian = binary.NativeEndian.Uint16([]byte{0, 1}) == 1

// Files

// Flags of csrc/wasm/include/fcntl.h.
const (
	openFolder = 1
	openPath   = 2
)

func (s *system) Xsys_open(dir, path, flags int32) int64 {
	mode := unix.O_RDONLY | unix.O_CLOEXEC
	if flags&openFolder != 0 {
		mode |= unix.O_DIRECTORY
	}
	if flags&openPath != 0 {
		mode |= unix.O_PATH
	}
	return s.opened(unix.Openat(int(dir), s.memory.text(path), mode, 0))
}

func (s *system) opened(fd int, err error) int64 {
	if err == nil {
		s.files = append(s.files, fd)
	}
	return result(fd, err)
}

func (s *system) closeFiles() {
	for _, fd := range s.files {
		_ = unix.Close(fd)
	}
	s.files, s.listing.names = s.files[:0], nil
}

func (s *system) Xsys_close(fd int32) int64 {
	s.files = slices.DeleteFunc(s.files, func(file int) bool { return file == int(fd) })
	if fd == s.listing.fd {
		s.listing.names = nil
	}
	return result(0, unix.Close(int(fd)))
}

func (s *system) Xsys_read(fd, buf, n int32) int64 {
	return result(unix.Read(int(fd), s.memory.bytes(buf, n)))
}

func (s *system) Xsys_pread(fd, buf, n int32, at int64) int64 {
	return result(unix.Pread(int(fd), s.memory.bytes(buf, n), at))
}

func (s *system) Xsys_readlink(dir, path, buf, n int32) int64 {
	return result(unix.Readlinkat(int(dir), s.memory.text(path), s.memory.bytes(buf, n)))
}

func (s *system) Xsys_access(dir, path int32) int64 {
	return result(0, unix.Faccessat(int(dir), s.memory.text(path), unix.F_OK, 0))
}

func (s *system) Xsys_stat(dir, path, to int32) int64 {
	var st unix.Stat_t
	var err error
	if name := s.memory.text(path); name != "" {
		err = unix.Fstatat(int(dir), name, &st, 0)
	} else {
		err = unix.Fstat(int(dir), &st)
	}
	if err != nil {
		return result(0, err)
	}
	device := uint64(st.Dev)
	putWords(s.memory.bytes(to, 24), uint64(unix.Major(device))<<32|uint64(unix.Minor(device)), uint64(st.Ino), uint64(st.Uid))
	return 0
}

func (s *system) Xsys_statfs(dir, path int32) int64 {
	var fs unix.Statfs_t
	var err error
	if name := s.memory.text(path); name != "" {
		err = unix.Statfs(name, &fs)
	} else {
		err = unix.Fstatfs(int(dir), &fs)
	}
	return result(uintptr(uint32(fs.Type)), err)
}

func (s *system) Xsys_next_name(fd, buf, n int32) int64 {
	if fd != s.listing.fd {
		s.listing.fd, s.listing.names = fd, nil
	}
	for len(s.listing.names) == 0 { // a batch can have only . and .., which ParseDirent drops
		var entries [4096]byte
		got, err := unix.ReadDirent(int(fd), entries[:])
		if err != nil || got <= 0 {
			return result(0, err)
		}
		_, _, s.listing.names = unix.ParseDirent(entries[:got], -1, nil)
	}
	name := s.listing.names[0]
	s.listing.names = s.listing.names[1:]
	to := s.memory.bytes(buf, n)
	length := copy(to[:len(to)-1], name)
	to[length] = 0
	return int64(length)
}

// Processes

func (s *system) Xsys_kill(pid, signal int32) int64 {
	return result(0, unix.Kill(int(pid), unix.Signal(signal)))
}

// Numbers of csrc/wasm/sys.h.
const (
	pageSize = iota
	pid
	user
	wide
	hasLoader
	shadow
)

func (s *system) Xsys_number(which int32) int32 {
	switch which {
	case pageSize:
		return int32(os.Getpagesize())
	case pid:
		return int32(ownPID)
	case user:
		return int32(os.Geteuid())
	case wide:
		return number(strconv.IntSize == 64 && !isBigEndian)
	case hasLoader:
		return number(dynamic())
	default:
		return number(hasShadow)
	}
}

// dynamic says whether this program has a dynamic loader. Without one, it has no C library.
var dynamic = sync.OnceValue(func() bool {
	const atBase = 7 // AT_BASE of elf.h
	values, err := unix.Auxv()
	return err != nil || slices.ContainsFunc(values, func(v [2]uintptr) bool { return v[0] == atBase && v[1] != 0 })
})

func number(is bool) int32 {
	if is {
		return 1
	}
	return 0
}

// Xsys_error_text writes the words of glibc, which begin with a capital.
func (s *system) Xsys_error_text(errno, buf, n int32) {
	text := unix.Errno(errno).Error()
	to := s.memory.bytes(buf, n)
	to[copy(to[:len(to)-1], strings.ToUpper(text[:1])+text[1:])] = 0
}

func (s *system) Xsys_robust_list(thread int32) int64 {
	var head, size uintptr
	_, _, errno := unix.Syscall(unix.SYS_GET_ROBUST_LIST, uintptr(thread), uintptr(unsafe.Pointer(&head)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0
	}
	return int64(head)
}

// Memory of the process

func (s *system) Xsys_set_vma_name(start, size int64, name int32) int64 {
	var text *byte
	if name != 0 {
		text, _ = unix.BytePtrFromString(s.memory.text(name))
	}
	_, _, errno := unix.Syscall6(unix.SYS_PRCTL, unix.PR_SET_VMA, unix.PR_SET_VMA_ANON_NAME, uintptr(start), uintptr(size),
		uintptr(unsafe.Pointer(text)), 0)
	return result(0, errno)
}

var ownPID = os.Getpid()

// readMemory lets the kernel read, so that a wrong address cannot fault. It uses the file, /proc/self/mem, if the
// other call is refused.
func readMemory(file int32, at uint64, to []byte) int64 {
	local := []unix.Iovec{{Base: unsafe.SliceData(to)}}
	local[0].SetLen(len(to))
	remote := []unix.RemoteIovec{{Base: uintptr(at), Len: len(to)}}
	n, err := unix.ProcessVMReadv(ownPID, local, remote, 0)
	if err != nil {
		n, err = unix.Pread(int(file), to, int64(at))
	}
	return result(n, err)
}

func (s *system) Xsys_memory(file int32, at int64, to, size int32) int64 {
	return readMemory(file, uint64(at), s.memory.bytes(to, size))
}

func (s *system) Xsys_words(file int32, at int64, words, n int32) int64 {
	const size = strconv.IntSize / 8
	to := s.memory.bytes(words, 8*n)
	read := readMemory(file, uint64(at), to[:size*n])
	if read < 0 {
		return read
	}
	if size == 8 && !isBigEndian {
		return read / size
	}
	for i := read/size - 1; i >= 0; i-- { // the last one first: they widen in place
		if size == 8 {
			putWords(to[8*i:], binary.NativeEndian.Uint64(to[8*i:]))
		} else {
			putWords(to[8*i:], uint64(binary.NativeEndian.Uint32(to[4*i:])))
		}
	}
	return read / size
}

func (s *system) Xsys_pagemap(fd, entries, n int32, at int64) int64 {
	to := s.memory.bytes(entries, 8*n)
	read, err := unix.Pread(int(fd), to, at)
	swapWords(to[:max(read, 0)])
	return result(read, err)
}

// PAGEMAP_SCAN of linux/fs.h.
const pagemapScan = 3<<30 | 96<<16 | 'f'<<8 | 16

// Xsys_pagemap_scan passes a struct pm_scan_arg, in which the address of the runs is one in the
// module.
func (s *system) Xsys_pagemap_scan(fd, request int32) int64 {
	const walkEnd, vec, room = 4, 5, 6
	var words [12]uint64
	for i := range words {
		words[i] = binary.LittleEndian.Uint64(s.memory.bytes(request+8*int32(i), 8))
	}
	runs := s.memory.bytes(int32(words[vec]), 24*int32(words[room]))
	words[vec] = uint64(uintptr(unsafe.Pointer(unsafe.SliceData(runs))))
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), pagemapScan, uintptr(unsafe.Pointer(&words)))
	if errno != 0 {
		return result(n, errno)
	}
	swapWords(runs[:24*n])
	putWords(s.memory.bytes(request+8*walkEnd, 8), words[walkEnd])
	return int64(n)
}

func (s *system) Xsys_map_zeros(size int64) int64 {
	mapped, err := unix.MmapPtr(-1, 0, nil, 2*uintptr(size), unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return 0
	}
	before := -uintptr(mapped) & uintptr(size-1)
	start := unsafe.Add(mapped, before)
	if before > 0 {
		_ = unix.MunmapPtr(mapped, before)
	}
	_ = unix.MunmapPtr(unsafe.Add(start, size), uintptr(size)-before)
	_ = unix.Madvise(unsafe.Slice((*byte)(start), int(size)), unix.MADV_HUGEPAGE)
	if *(*byte)(start) != 0 { // never: but this reads it
		return 0
	}
	return int64(uintptr(start))
}

func (s *system) Xsys_unmap(start, size int64) {
	_, _, _ = unix.Syscall(unix.SYS_MUNMAP, uintptr(start), uintptr(size), 0)
}

func (s *system) Xsys_memfd_create(flags int32) int64 {
	return s.opened(unix.MemfdCreate("", int(flags)))
}

// Labels

func (s *system) Xsys_labels() int32 {
	all, ok := allLabels()
	if !ok {
		return 0 // which the report counts as lost labels
	}
	return s.putLabels(all)
}
