//go:build !linux

package plain

import "example.com/memanalyzer/go/internal/plain/module"

// hasSource says that processes can be read.
const hasSource = false

// system serves the imports of csrc/wasm/sys.h on systems without a source: only texts are parsed,
// and labels and processes do not get as far as a call.
type system struct {
	*module.Module
	memory *memory
}

func (s *system) Xmemory() module.Memory { return s.memory }

const unsupported = -38 // ENOSYS of Linux

func (*system) Xsys_open(dir, path, flags int32) int64                 { return unsupported }
func (*system) Xsys_close(fd int32) int64                              { return unsupported }
func (*system) Xsys_read(fd, buf, n int32) int64                       { return unsupported }
func (*system) Xsys_pread(fd, buf, n int32, at int64) int64            { return unsupported }
func (*system) Xsys_readlink(dir, path, buf, n int32) int64            { return unsupported }
func (*system) Xsys_access(dir, path int32) int64                      { return unsupported }
func (*system) Xsys_stat(dir, path, to int32) int64                    { return unsupported }
func (*system) Xsys_statfs(dir, path int32) int64                      { return unsupported }
func (*system) Xsys_next_name(fd, buf, n int32) int64                  { return unsupported }
func (*system) Xsys_kill(pid, signal int32) int64                      { return unsupported }
func (*system) Xsys_memfd_create(flags int32) int64                    { return unsupported }
func (*system) Xsys_set_vma_name(start, size int64, name int32) int64  { return unsupported }
func (*system) Xsys_pagemap_scan(fd, request int32) int64              { return unsupported }
func (*system) Xsys_map_zeros(size int64) int64                        { return 0 }
func (*system) Xsys_unmap(start, size int64)                           {}
func (*system) Xsys_robust_list(thread int32) int64                    { return 0 }
func (*system) Xsys_error_text(errno, buf, n int32)                    {}
func (*system) Xsys_number(which int32) int32                          { return 0 }
func (*system) Xsys_memory(file int32, at int64, to, size int32) int64 { return unsupported }
func (*system) Xsys_words(file int32, at int64, words, n int32) int64  { return unsupported }
func (*system) Xsys_pagemap(fd, entries, n int32, at int64) int64      { return unsupported }
func (*system) Xsys_labels() int32                                     { return 0 }

func (*system) closeFiles() {}
