package memanalyzer

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// mapPages maps the pages that size bytes need.
func mapPages(size int) ([]byte, error) {
	page := os.Getpagesize()
	if size < 1 || size > math.MaxInt-page {
		return nil, &LabelError{fmt.Sprintf("Mmap wants a size from 1 to %d, not %d", math.MaxInt-page, size), ErrNoPage, nil}
	}
	pages, err := syscall.Mmap(-1, 0, (size+page-1)/page*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return nil, &LabelError{fmt.Sprintf("mmap of %d bytes: %v", size, err), nil, err}
	}
	return pages, nil
}

func unmapPages(pages []byte) error {
	if err := syscall.Munmap(pages); err != nil {
		return &LabelError{fmt.Sprintf("munmap of %d bytes: %v", len(pages), err), nil, err}
	}
	return nil
}
