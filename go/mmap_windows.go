package memanalyzer

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

func mapPages(size int) ([]byte, error) {
	at, err := windows.VirtualAlloc(0, uintptr(size), windows.MEM_RESERVE|windows.MEM_COMMIT, windows.PAGE_READWRITE)
	if err != nil {
		return nil, &LabelError{fmt.Sprintf("VirtualAlloc of %d bytes: %v", size, err), nil, err}
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), size), nil
}

func unmapPages(pages []byte) error {
	if err := windows.VirtualFree(uintptr(unsafe.Pointer(unsafe.SliceData(pages))), 0, windows.MEM_RELEASE); err != nil {
		return &LabelError{fmt.Sprintf("VirtualFree of %d bytes: %v", len(pages), err), nil, err}
	}
	return nil
}
