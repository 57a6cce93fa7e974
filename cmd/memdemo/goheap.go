//go:build linux

package main

// What the Go runtime keeps: live heap, garbage, and goroutines with stacks.

import (
	"fmt"
	"runtime"
	"sync"
)

// blockSize is large enough for a block to be a span of its own, so that the
// heap in use is the amount and no more.
const blockSize = mb

func makeHeap(a amount, _ config) (made, error) {
	how := "Go heap, reachable, in blocks of " + formatSize(blockSize)
	blocks := heapBlocks(a.n, blockSize)
	fillAll(blocks)
	return made{n: a.n, how: how, keep: blocks, spans: spansOf(blocks)}, nil
}

// makeHeapUntouched makes blocks that are a span each, too, and as many as there
// can be: each is some metadata of the runtime.
func makeHeapUntouched(a amount, _ config) (made, error) {
	blocks := heapBlocks(a.n, 8*kb)
	how := "Go heap, reachable, virtual only but for what was used before"
	return made{n: a.n, how: how, keep: blocks, spans: spansOf(blocks)}, nil
}

// makeGarbage drops all blocks at once after the last is made: were they dropped
// one by one, a collection could hand the memory of one to the next.
func makeGarbage(a amount, _ config) (made, error) {
	blocks := heapBlocks(a.n, blockSize)
	fillAll(blocks)
	spans := spansOf(blocks) // the last use of blocks
	runtime.GC()
	how := "Go heap, dropped; a collection has run since, and the runtime gives it back with time"
	return made{n: a.n, how: how, spans: spans}, nil
}

// heapBlocks returns n bytes of heap, in blocks of a size.
func heapBlocks(n, size int) [][]byte {
	var blocks [][]byte
	for n > 0 {
		block := make([]byte, min(n, size))
		blocks = append(blocks, block)
		n -= len(block)
	}
	return blocks
}

func fillAll(blocks [][]byte) {
	for _, block := range blocks {
		fill(block)
	}
}

func spansOf(blocks [][]byte) []span {
	var spans []span
	for _, block := range blocks {
		spans = append(spans, span{address(block), len(block)})
	}
	return spans
}

func makeGoroutines(a amount, c config) (made, error) {
	stack := c.one("goroutine-stack")
	var ready sync.WaitGroup
	ready.Add(a.n)
	for range a.n {
		if stack > 0 {
			go useStack(stack, &ready)
		} else {
			go blockForever(&ready)
		}
	}
	ready.Wait()
	how := "blocked goroutines"
	if stack > 0 {
		how += fmt.Sprintf(", each using %s of stack, the runtime giving each a power of two", formatSize(stack))
	}
	return made{n: a.n, how: how}, nil
}

// frameSize is a part of a stack; what a frame has beside it is some 5% more.
const frameSize = kb

// useStack blocks for ever with n bytes of its goroutine's stack in use, all of
// them written.
func useStack(n int, ready *sync.WaitGroup) byte {
	var frame [frameSize]byte
	for i := range frame {
		frame[i] = byte(n)
	}
	if n > frameSize {
		useStack(n-frameSize, ready)
	} else {
		blockForever(ready)
	}
	// Never reached, but it is a use: without one the frame is optimised away.
	return frame[n%frameSize]
}

func blockForever(ready *sync.WaitGroup) {
	ready.Done()
	select {}
}
