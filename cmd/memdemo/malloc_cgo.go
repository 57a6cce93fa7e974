//go:build linux && cgo

package main

// What C keeps: malloc, and the stacks of threads that C started.

/*
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BLOCK = 4080,            // with glibc's header and rounding 4096: a page each
	STACK = 1 << 20,         // set, as musl's default is smaller than what is touched
	STACK_TOUCHED = 256 << 10
};

struct block {
	struct block *next;
	char rest[BLOCK - sizeof(struct block *)];
};

// The last chain made. Volatile, or the compiler may leave out both the chain
// and the malloc.
static struct block *volatile kept;

// Allocates and writes up to n blocks and, if asked, frees every second one. The
// last one stays, else malloc could trim the end of the arena. Returns how many
// were allocated.
static size_t malloc_blocks(size_t n, int free_half)
{
	struct block *head = NULL;
	size_t made = 0;
	for (; made < n; made++) {
		struct block *b = malloc(sizeof *b);
		if (b == NULL)
			break;
		memset(b, 1, sizeof *b);
		b->next = head;
		head = b;
	}
	kept = head;
	for (struct block *b = head; free_half && b != NULL && b->next != NULL; b = b->next) {
		struct block *second = b->next;
		b->next = second->next;
		free(second);
	}
	return made;
}

static void touch_stack(void)
{
	volatile char area[STACK_TOUCHED];
	for (size_t i = 0; i < sizeof area; i++)
		area[i] = 1;
}

struct task {
	size_t blocks; // to malloc; 0: touch the stack
	int free_half;
	size_t made;
	sem_t done;
};

// Does the task, then waits for ever, so that its stack stays and its arena is
// no other thread's. Signals are for Go's threads.
static void *task_thread(void *argument)
{
	struct task *t = argument;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, NULL);
	if (t->blocks > 0)
		t->made = malloc_blocks(t->blocks, t->free_half);
	else
		touch_stack();
	sem_post(&t->done); // from here on t is gone
	for (;;)
		pause();
	return NULL;
}

// Returns 0 when the task is done by a thread of its own, else an errno value.
static int run_task(struct task *t)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	sem_init(&t->done, 0, 0);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	error = pthread_attr_setstacksize(&attributes, STACK);
	if (error == 0)
		error = pthread_create(&thread, &attributes, task_thread, t);
	pthread_attr_destroy(&attributes);
	while (error == 0 && sem_wait(&t->done) != 0 && errno == EINTR)
		;
	sem_destroy(&t->done);
	return error;
}

static int malloc_in_thread(size_t blocks, int free_half, size_t *made)
{
	struct task t = { .blocks = blocks, .free_half = free_half };
	int error = run_task(&t);
	*made = t.made;
	return error;
}

static int start_stack_thread(void)
{
	struct task t = { .blocks = 0 };
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

// chunk is what a block takes of an arena, in bytes; mallinfo2 counts these.
const chunk = C.BLOCK + 16

// The main arena serves the thread that main began on; any other gets its own.
func init() {
	runtime.LockOSThread()
}

func makeMalloc(a amount, c config) (made, error) {
	return mallocBlocks(a.n, c.one("arenas"), false)
}

func makeMallocFreed(a amount, c config) (made, error) {
	return mallocBlocks(a.n, c.one("arenas"), true)
}

// mallocBlocks spreads at least n bytes over as many new threads as arenas says,
// or takes them from the main arena.
func mallocBlocks(n, arenas int, freeHalf bool) (made, error) {
	blocks := (n + chunk - 1) / chunk
	half := C.int(0)
	how := fmt.Sprintf("blocks of %d bytes, %d with malloc's own", C.BLOCK, chunk)
	if freeHalf {
		half = 1
		how += ", every second one freed"
	}
	if arenas == 0 {
		done := int(C.malloc_blocks(C.size_t(blocks), half))
		return made{n: done * chunk, how: how + "; main arena: [heap]"}, shortOf(blocks, done)
	}
	total := 0
	for i := range min(arenas, blocks) {
		var done C.size_t
		errno := C.malloc_in_thread(C.size_t(share(blocks, arenas, i)), half, &done)
		total += int(done)
		if errno != 0 {
			return made{n: total * chunk}, threadError(errno)
		}
	}
	return made{n: total * chunk, how: fmt.Sprintf("%s; arenas of %d threads", how, min(arenas, blocks))}, shortOf(blocks, total)
}

// share returns the i-th of parts equal shares of n; the first ones have what
// is left over.
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

func makeThreads(a amount, _ config) (made, error) {
	how := fmt.Sprintf("C threads, each with %s touched of a stack of %s", formatSize(C.STACK_TOUCHED), formatSize(C.STACK))
	for i := range a.n {
		if errno := C.start_stack_thread(); errno != 0 {
			return made{n: i}, threadError(errno)
		}
	}
	return made{n: a.n, how: how}, nil
}

func threadError(errno C.int) error {
	return fmt.Errorf("pthread_create: %w", syscall.Errno(errno))
}
