//go:build !linux

// Memdemo makes known amounts of each kind of memory. It needs Linux.
package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "memdemo: needs Linux, whose kinds of memory it makes; this is %s\n", runtime.GOOS)
	os.Exit(1)
}
