//go:build linux && cgo

package main

// Memory of C: malloc, and stacks of threads.

/*
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	OWN = 16,          // malloc's overhead per block, at most
	STACK = 768 << 10, // room on a stack besides the touched part; musl's default would be too small
};

struct block {
	struct block *next;
};

// A list of blocks of `size` bytes each, malloc's overhead included, all written.
struct blocks {
	size_t wanted, size, made;
	struct block *last;
};

static void malloc_blocks(struct blocks *c)
{
	size_t size = c->size;
	for (; c->made < c->wanted; c->made++) {
		struct block *b = malloc(size - OWN);
		if (b == NULL)
			break;
		memset(b, 1, size - OWN);
		b->next = c->last;
		c->last = b;
	}
}

// Keeps the last block; otherwise malloc could trim the end of the arena.
static void free_every_second(struct blocks *c)
{
	for (struct block *b = c->last; b != NULL && b->next != NULL; b = b->next) {
		struct block *second = b->next;
		b->next = second->next;
		free(second);
	}
}

static void touch_stack(size_t size)
{
	volatile char area[size];
	for (size_t i = 0; i < size; i++)
		area[i] = 1;
}

struct task {
	struct blocks *blocks; // to allocate; NULL: touch the stack instead
	size_t stack;
	sem_t done;
};

// Does the task, then waits forever, so that the stack remains and no other thread takes the
// arena. Blocks signals, which are for Go's threads.
static void *task_thread(void *argument)
{
	struct task *t = argument;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (t->blocks)
		malloc_blocks(t->blocks);
	else
		touch_stack(t->stack);
	sem_post(&t->done); // t is invalid from here on
	for (;;)
		pause();
	return NULL;
}

// Has a new thread do the task; returns 0 when it is done, otherwise an error number.
static int run_task(struct task *t)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	sem_init(&t->done, 0, 0);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_attr_setstacksize(&attributes, STACK + t->stack);
	if (error == 0)
		error = pthread_create(&thread, &attributes, task_thread, t);
	pthread_attr_destroy(&attributes);
	while (error == 0 && sem_wait(&t->done) != 0 && errno == EINTR)
		;
	sem_destroy(&t->done);
	return error;
}

static int malloc_in_thread(struct blocks *c)
{
	struct task t = { .blocks = c };
	return run_task(&t);
}

static int start_stack_thread(size_t touched)
{
	struct task t = { .stack = touched };
	return run_task(&t);
}
*/
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

// The main arena belongs to the first thread of the process, so main must stay on it.
func init() {
	runtime.LockOSThread()
}

func makeMalloc(a amount, c config) (made, error) {
	return mallocBlocks(a.n, c, false)
}

func makeMallocFreed(a amount, c config) (made, error) {
	return mallocBlocks(a.n, c, true)
}

// mallocBlocks allocates at least n bytes in as many new threads as -arenas says, or in the main
// arena.
func mallocBlocks(n int, c config, freeHalf bool) (made, error) {
	arenas := c.one("arenas")
	chunk := max(roundUp(c.one("malloc-block"), C.OWN), 2*C.OWN)
	blocks := (n + chunk - 1) / chunk
	how := fmt.Sprintf("blocks of %d bytes, %d with malloc's overhead", chunk-C.OWN, chunk)
	if freeHalf {
		how += ", every second one freed"
	}
	if arenas == 0 {
		how += "; main arena: [heap]"
	} else {
		how += fmt.Sprintf("; arenas of %d threads", min(arenas, blocks))
	}
	chains := make([]C.struct_blocks, max(min(arenas, blocks), 1))
	total := 0
	for i := range chains {
		c := &chains[i]
		*c = C.struct_blocks{wanted: C.size_t(share(blocks, len(chains), i)), size: C.size_t(chunk)}
		if arenas == 0 {
			C.malloc_blocks(c)
		} else if errno := C.malloc_in_thread(c); errno != 0 {
			return made{n: total * chunk}, threadError(errno)
		}
		total += int(c.made)
	}
	// Only now: two threads can share an arena, and one would reuse what the other frees.
	for i := range chains {
		if freeHalf {
			C.free_every_second(&chains[i])
		}
	}
	return made{n: total * chunk, how: how}, shortOf(blocks, total)
}

// share returns the i-th of equal shares of n; the first ones are larger by 1 if n is not divisible.
func share(n, parts, i int) int {
	if i < n%parts {
		return n/parts + 1
	}
	return n / parts
}

func shortOf(wanted, made int) error {
	if made < wanted {
		return errors.New("malloc has no more memory")
	}
	return nil
}

func makeThreads(a amount, c config) (made, error) {
	touched := max(c.one("thread-stack"), 1)
	how := fmt.Sprintf("C threads, each with %s touched of a stack of %s", formatSize(touched), formatSize(touched+C.STACK))
	for i := range a.n {
		if errno := C.start_stack_thread(C.size_t(touched)); errno != 0 {
			return made{n: i}, threadError(errno)
		}
	}
	return made{n: a.n, how: how}, nil
}

func threadError(errno C.int) error {
	return fmt.Errorf("pthread_create: %w", syscall.Errno(errno))
}
