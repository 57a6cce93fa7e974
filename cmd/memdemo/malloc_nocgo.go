//go:build linux && !cgo

package main

// Without cgo, memory of C cannot be made.

import "errors"

var errNeedsCgo = errors.New("needs cgo: build with CGO_ENABLED=1 and a C compiler")

func makeMalloc(amount, config) (made, error) { return made{}, errNeedsCgo }

func makeMallocFreed(amount, config) (made, error) { return made{}, errNeedsCgo }

func makeThreads(amount, config) (made, error) { return made{}, errNeedsCgo }
