//go:build linux

package main

// The cost of Read in a build without cgo, relative to one with cgo: a process of each build makes the same
// memory, and the two read by turns.

import (
	"os"
	"time"
)

// Which pages two processes get makes more of a difference than the turns do: so many pairs of
// processes are compared.
const pairs = 5

// noCgo is the path of this program, built without cgo.
func noCgo() string {
	program, err := os.Executable()
	if err != nil {
		panic(err) // /proc is there, or nothing can be read
	}
	return program + "-nocgo"
}

// compareBuilds returns a cost for each pair: that of the build without cgo, with its ratio to the other.
func compareBuilds(p process, other string, each time.Duration) ([]cost, error) {
	var costs []cost
	for range pairs {
		c, err := compareBuildsOnce(p, other, each/pairs)
		if err != nil {
			return nil, err
		}
		costs = append(costs, c)
	}
	return costs, nil
}

func compareBuildsOnce(p process, other string, most time.Duration) (c cost, err error) {
	var reads [2]func() (time.Duration, error)
	times := 0
	for i, start := range []func() (*subject, error){
		func() (*subject, error) { return start(p.memory) },
		func() (*subject, error) { return startProgram(other, p.memory) },
	} {
		s, err := start()
		if err != nil {
			return cost{}, err
		}
		defer s.end()
		read := func(times int) (time.Duration, error) {
			a, err := s.ask(request{Peer: reader, Times: times})
			return a.Cost.CPU / time.Duration(times), err
		}
		if times == 0 {
			once, err := read(1)
			if err != nil {
				return cost{}, err
			}
			times = int(turn/max(once, 1)) + 1
		}
		reads[i] = func() (time.Duration, error) { return read(times) }
	}
	err = c.takeTurns(reads[0], reads[1], most)
	return c, err
}

// turn is the time for which a process reads in its turn, but at least once.
const turn = 20 * time.Millisecond
