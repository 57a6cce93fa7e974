//go:build linux

package main

// The table of processes that are read, and how they make their memory. A process is this program
// with memoryVariable set. It answers requests until its input ends, so that it ends with its
// parent.

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

type process struct{ name, memory string }

// The memory is pairs of a kind and a number.
var processes = []process{
	{"100 mappings", "mappings 100"},
	{"1,000", "mappings 1000"},
	{"10,000", "mappings 10000"},
	{"60,000", "mappings 60000"},
	{"1,000 threads", "threads 1000"},
	{"2 GiB, 4 kB pages", "pages 2147483648"},
	{"2 GiB, huge pages", "huge 2147483648"},
}

// kinds make memory that exists until the process ends, all of it touched.
var kinds = map[string]func(n int) error{
	"mappings": makeMappings, // of a page each
	"threads":  makeThreads,
	"pages":    func(n int) error { _, err := touched(n, unix.MADV_NOHUGEPAGE); return err },
	"huge":     func(n int) error { _, err := touched(n, unix.MADV_HUGEPAGE); return err },
}

const memoryVariable = "MEMBENCH_MEMORY"

func makeMemory(memory string) error {
	words := strings.Fields(memory)
	for i := 0; i+1 < len(words); i += 2 {
		n, err := strconv.Atoi(words[i+1])
		if err != nil {
			return err
		}
		if err := kinds[words[i]](n); err != nil {
			return fmt.Errorf("%s: %w", memory, err)
		}
	}
	return nil
}

// makeMappings makes every second page read-only, so that each page is a mapping.
func makeMappings(n int) error {
	page := os.Getpagesize()
	b, err := touched(n*page, unix.MADV_NOHUGEPAGE)
	for i := page; i < n*page && err == nil; i += 2 * page {
		err = unix.Mprotect(b[i:i+page], unix.PROT_READ)
	}
	return err
}

// touched returns n bytes of resident anonymous memory, with pages as advised. A kernel without huge
// pages rejects both advices.
func touched(n, advice int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, err
	}
	if err := unix.Madvise(b, advice); err != nil && (err != unix.EINVAL || advice == unix.MADV_HUGEPAGE) {
		return nil, err
	}
	touch(b)
	return b, nil
}

func touch(b []byte) {
	for i := 0; i < len(b); i += os.Getpagesize() {
		b[i] = 1
	}
}

func makeThreads(n int) error {
	debug.SetMaxThreads(n + 1000)
	var ready sync.WaitGroup
	for range n {
		ready.Add(1)
		go func() {
			runtime.LockOSThread()
			ready.Done()
			select {}
		}()
	}
	ready.Wait()
	return nil
}

// A subject is such a process, on its parent's side.
type subject struct {
	command  *exec.Cmd
	input    io.Closer
	requests *json.Encoder
	answers  *json.Decoder
}

type request struct {
	Phase *phase        // to live through; nil: read
	Peer  string        // reads by turns with the first one; "": the first one reads once
	For   time.Duration // the time of these turns
	Times int           // that the peer reads, without turns; 0: it takes turns
}

type answer struct {
	Error string
	Cost  cost
	Felt  felt
}

// start starts a process, and returns when that has its memory.
func start(memory string) (*subject, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return startProgram(program, memory)
}

// startProgram is for this program in another build.
func startProgram(program, memory string) (*subject, error) {
	command := exec.Command(program)
	command.Env = append(os.Environ(), memoryVariable+"="+memory)
	command.Stderr = os.Stderr
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	s := &subject{command, input, json.NewEncoder(input), json.NewDecoder(output)}
	if _, err := s.answer(); err != nil {
		s.end()
		return nil, err
	}
	return s, nil
}

func (s *subject) ask(r request) (answer, error) {
	if err := s.requests.Encode(r); err != nil {
		return answer{}, err
	}
	return s.answer()
}

func (s *subject) answer() (a answer, err error) {
	if err = s.answers.Decode(&a); err == nil && a.Error != "" {
		err = errors.New(a.Error)
	}
	return a, err
}

// readBare returns the CPU time of the first peer.
func (s *subject) readBare() (time.Duration, error) {
	a, err := s.ask(request{})
	return a.Cost.CPU, err
}

func (s *subject) end() error {
	s.input.Close()
	return s.command.Wait()
}

// serve is the process's side of a subject.
func serve(memory string) {
	answers := json.NewEncoder(os.Stdout)
	reply := func(a answer, err error) {
		if err != nil {
			a.Error = err.Error()
		}
		answers.Encode(a) // if it fails, the parent has ended, and so does the input
	}
	reply(answer{}, makeMemory(memory))
	for requests := json.NewDecoder(os.Stdin); ; {
		var r request
		if requests.Decode(&r) != nil {
			return
		}
		reply(r.serve())
	}
}

func (r request) serve() (a answer, err error) {
	if r.Phase != nil {
		a.Felt, err = r.Phase.live()
		return a, err
	}
	if r.Peer == "" {
		a.Cost.CPU, err = measureTime(readBare)
		return a, err
	}
	p, err := findPeer(r.Peer)
	if err != nil {
		return a, err
	}
	if r.Times == 0 {
		a.Cost, err = measure(readBare, p.inside, r.For)
		return a, err
	}
	a.Cost.CPU, err = measureTime(func() (rss uint64, err error) {
		for i := 0; i < r.Times && err == nil; i++ {
			rss, err = p.inside()
		}
		return rss, err
	})
	return a, err
}

// A result is the cost of a peer's readings of one process, or their error.
type result struct {
	cost cost
	err  error
}

// compare has every peer read the process for some time.
func compare(p process, each time.Duration) ([]result, error) {
	s, err := start(p.memory)
	if err != nil {
		return nil, err
	}
	results := make([]result, len(peers))
	for i, p := range peers {
		results[i].cost, results[i].err = p.read(s, each)
	}
	return results, s.end()
}
