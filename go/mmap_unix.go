//go:build unix

package memanalyzer

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func mapPages(size int) ([]byte, error) {
	pages, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, &LabelError{fmt.Sprintf("mmap of %d bytes: %v", size, err), nil, err}
	}
	return pages, nil
}

func unmapPages(pages []byte) error {
	if err := unix.Munmap(pages); err != nil {
		return &LabelError{fmt.Sprintf("munmap of %d bytes: %v", len(pages), err), nil, err}
	}
	return nil
}
