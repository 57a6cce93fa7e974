//go:build linux

package main

// How readings disturb a daemon: the speed of a thread that maps and unmaps and of one that faults
// pages, and the delay of a goroutine that wakes every millisecond.

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

var daemon = process{"1,000 mappings and 1 GiB of 4 kB pages", "mappings 1000 pages 1073741824"}

// A phase is a time in which a peer reads the daemon, or none does.
type phase struct {
	Name  string
	Peer  string        // reads inside the daemon; "": none
	Every time.Duration // 0: in a loop
	For   time.Duration
}

// Each phase is compared with an undisturbed time just before it, because the speed of a machine
// changes. The first one shows how much such times differ by themselves.
var phases = []phase{
	{"undisturbed", "", 0, 4 * time.Second},
	{handler + ", every 10 s", handler, 10 * time.Second, 10 * time.Second},
	{peers[0].name + ", every 10 s", peers[0].name, 10 * time.Second, 10 * time.Second},
	{handler + ", every second", handler, time.Second, 6 * time.Second},
	{peers[0].name + ", every second", peers[0].name, time.Second, 6 * time.Second},
	{handler + ", in a loop", handler, 0, 3 * time.Second},
	{peers[0].name + ", in a loop", peers[0].name, 0, 3 * time.Second},
}

var undisturbed = phase{For: 2 * time.Second}

// felt is the effect on the threads of a daemon.
type felt struct {
	Mapping, Faulting work
	Late              []time.Duration // the delay of each millisecond's wakeup
	Polls             int
}

// work is a repeated operation. A long one is a stall.
type work struct {
	Done           int
	Spent, Longest time.Duration
}

// speed returns operations per second of work.
func (w work) speed() float64 { return float64(w.Done) / w.Spent.Seconds() }

func (w *work) add(other work) {
	w.Done += other.Done
	w.Spent += other.Spent
	w.Longest = max(w.Longest, other.Longest)
}

func (f *felt) add(other felt) {
	f.Mapping.add(other.Mapping)
	f.Faulting.add(other.Faulting)
	f.Late = append(f.Late, other.Late...)
	f.Polls += other.Polls
}

// A comparison has a phase and the undisturbed times before it.
type comparison struct{ phase, before felt }

// feel goes through all phases, several times.
func feel(turns int) ([]comparison, error) {
	s, err := start(daemon.memory)
	if err != nil {
		return nil, err
	}
	all := make([]comparison, len(phases))
	live := func(p *phase, sum *felt) error {
		a, err := s.ask(request{Phase: p})
		sum.add(a.Felt)
		return err
	}
	for range turns {
		for i := range phases {
			err := live(&undisturbed, &all[i].before)
			if err == nil {
				err = live(&phases[i], &all[i].phase)
			}
			if err != nil {
				s.end()
				return nil, err
			}
		}
	}
	return all, s.end()
}

// live runs in the daemon. However short the phase, everything is done at least once.
func (p phase) live() (f felt, err error) {
	faulted, err := unix.Mmap(-1, 0, 256*os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return felt{}, err
	}
	defer unix.Munmap(faulted)
	if err := unix.Madvise(faulted, unix.MADV_NOHUGEPAGE); err != nil && err != unix.EINVAL {
		return felt{}, err
	}
	over, cancel := context.WithTimeout(context.Background(), p.For)
	defer cancel()
	var failed [3]error
	var all sync.WaitGroup
	all.Go(func() { f.Mapping, failed[0] = repeat(over, mapAndUnmap) })
	all.Go(func() {
		f.Faulting, failed[1] = repeat(over, func() error {
			err := unix.Madvise(faulted, unix.MADV_DONTNEED)
			touch(faulted)
			return err
		})
	})
	all.Go(func() { f.Late = tick(over) })
	all.Go(func() { f.Polls, failed[2] = p.poll(over) })
	all.Wait()
	return f, errors.Join(failed[:]...)
}

// repeat works and sleeps for a millisecond each, so that two processors suffice for all threads.
func repeat(over context.Context, once func() error) (w work, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for ; err == nil && (w.Done == 0 || over.Err() == nil); time.Sleep(time.Millisecond) {
		for began := time.Now(); err == nil && time.Since(began) < time.Millisecond; {
			before := time.Now()
			err = once()
			took := time.Since(before)
			w.add(work{1, took, took})
		}
	}
	return w, err
}

func mapAndUnmap() error {
	const size = 64 << 10
	at, err := unix.MmapPtr(-1, 0, nil, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
	if err != nil {
		return err
	}
	return unix.MunmapPtr(at, size)
}

// tick records every millisecond: those that it oversleeps are late, too.
func tick(over context.Context) (late []time.Duration) {
	due := time.Now()
	for late == nil || over.Err() == nil {
		due = due.Add(time.Millisecond)
		time.Sleep(time.Until(due))
		late = append(late, time.Since(due))
	}
	return late
}

func (p phase) poll(over context.Context) (polls int, err error) {
	if p.Peer == "" {
		return 0, nil
	}
	reader, err := findPeer(p.Peer)
	read := reader.inside
	if reader.polled != nil {
		read = reader.polled
	}
	for err == nil {
		polls++
		_, err = read()
		select {
		case <-over.Done():
			return polls, err
		case <-time.After(p.Every):
		}
	}
	return polls, err
}
