//go:build linux

package main

// Memory of the Go runtime: live heap, garbage, and goroutines with stacks.

import (
	"fmt"
	"runtime"
	"sync"
)

// blockSize makes each block a separate span, so that the heap in use is exactly the amount.
const blockSize = mb

func makeHeap(a amount, _ config) (made, error) {
	how := "Go heap, reachable, in blocks of " + formatSize(blockSize)
	blocks := heapBlocks(a.n, blockSize)
	fillAll(blocks)
	return made{n: a.n, how: how, keep: blocks, spans: spansOf(blocks)}, nil
}

// makeHeapUntouched makes the smallest blocks that are separate spans, for as much metadata of the
// runtime as possible.
func makeHeapUntouched(a amount, _ config) (made, error) {
	blocks := heapBlocks(a.n, 8*kb)
	how := "Go heap, reachable, virtual only except pages that were used before"
	return made{n: a.n, how: how, keep: blocks, spans: spansOf(blocks)}, nil
}

// makeGarbage drops all blocks together after the last one is made. Otherwise a collection could
// reuse the memory of one for the next.
func makeGarbage(a amount, _ config) (made, error) {
	blocks := heapBlocks(a.n, blockSize)
	fillAll(blocks)
	spans := spansOf(blocks) // the last use of blocks
	runtime.GC()
	how := "Go heap, dropped and collected; the runtime releases it over time"
	return made{n: a.n, how: how, spans: spans}, nil
}

// heapBlocks returns n bytes of heap, in blocks of the given size.
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
		how += fmt.Sprintf(", each using %s of a stack whose size is a power of two", formatSize(stack))
	}
	return made{n: a.n, how: how}, nil
}

// frameSize is the size of the array in a frame; the rest of the frame is about 5% more.
const frameSize = kb

// useStack blocks forever after writing n bytes of its goroutine's stack.
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
	// Never reached, but without a use of frame, the compiler would remove it.
	return frame[n%frameSize]
}

func blockForever(ready *sync.WaitGroup) {
	ready.Done()
	select {}
}
