//go:build linux

package main

// #include <malloc.h>
import "C"

// trim makes the C library release freed memory to the system.
func trim() { C.malloc_trim(0) }
