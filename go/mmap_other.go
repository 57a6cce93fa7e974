//go:build !unix && !windows

package memanalyzer

// Systems without mmap, such as WebAssembly, have only the Go heap.

func mapPages(size int) ([]byte, error) { return make([]byte, size), nil }

func unmapPages([]byte) error { return nil }
