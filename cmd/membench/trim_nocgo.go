//go:build linux && !cgo

package main

// trim does nothing: without cgo, there is no C library.
func trim() {}
