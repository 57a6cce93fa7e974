//go:build linux

package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var allocated []byte

func TestMeasureMemory(t *testing.T) {
	failure := errors.New("no")
	for _, row := range []struct {
		name        string
		read        func() (uint64, error)
		alloc, peak uint64
		err         error
	}{
		{"the Go heap", func() (uint64, error) {
			allocated = make([]byte, 16*mib)
			touch(allocated)
			return 0, nil
		}, 16 * mib, 16 * mib, nil},
		{"what is unmapped again", func() (uint64, error) {
			b, err := touched(32*mib, unix.MADV_NOHUGEPAGE)
			if err != nil {
				return 0, err
			}
			return 0, unix.Munmap(b)
		}, 0, 32 * mib, nil},
		{"nothing, after that", func() (uint64, error) { return 0, nil }, 0, 0, nil},
		{"a failure", func() (uint64, error) { return 1, failure }, 0, 0, failure},
	} {
		t.Run(row.name, func(t *testing.T) {
			allocated = nil
			c, err := measureMemory(row.read)
			if err != row.err {
				t.Fatalf("%v, want %v", err, row.err)
			}
			// The kernel's counters lag by some pages, and the runtime allocates, too.
			const off = 4 * mib
			if c.Alloc < row.alloc || c.Alloc > row.alloc+off || c.Peak+off < row.peak || c.Peak > row.peak+off {
				t.Errorf("%d allocated and %d at most, want %d and %d", c.Alloc, c.Peak, row.alloc, row.peak)
			}
		})
	}
}

func TestAReadingIsRepeatedUntilItIsPermitted(t *testing.T) {
	asked := 0
	read := func() (uint64, error) { // succeeds every third time
		if asked++; asked%3 != 0 {
			return 0, errLater
		}
		return 42, nil
	}
	if c, err := measure(readBare, read, 0); err != nil || c.RSS != 42 || c.CPU == 0 || asked != 3*(memoryTurns+1) {
		t.Errorf("%+v, %v, asked %d times", c, err, asked)
	}
	asked = 0
	ask := func() error { _, err := read(); return err }
	if err := untilNow(ask, 0); err != errLater || asked != 1 {
		t.Errorf("%v after %d, want %v at the bound", err, asked, errLater)
	}
}

// The ratio is the median of ratios, not the ratio of medians. The first peer reads once more before
// each turn, and they begin alternately.
func TestTurns(t *testing.T) {
	order := ""
	times := func(who string, ms ...time.Duration) func() (time.Duration, error) {
		return func() (time.Duration, error) {
			order += who
			next := ms[0] * time.Millisecond
			ms = append(ms[1:], ms[0])
			return next, nil
		}
	}
	var c cost
	first, other := times("f", 7, 1, 7, 10, 7, 100, 7, 1000, 7, 1, 7, 1, 7, 1), times("o", 3, 20, 100, 2000, 9, 1, 2)
	if err := c.takeTurns(first, other, 1); err != nil || c.CPU != 9*time.Millisecond || c.Ratio != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	if want := "ffo fof ffo fof ffo fof ffo"; order != strings.ReplaceAll(want, " ", "") {
		t.Errorf("%s, want %s", order, want)
	}
	failure := errors.New("no")
	fails := func() (time.Duration, error) { return 0, failure }
	for _, both := range [][2]func() (time.Duration, error){{fails, times("", 1)}, {times("", 1), fails}} {
		if err := c.takeTurns(both[0], both[1], 0); err != failure {
			t.Errorf("%v, want %v", err, failure)
		}
	}
}

func TestRunProgram(t *testing.T) {
	output, c, err := runProgram([]string{"sh", "-c", "echo a; kill -URG $$; echo b >&2"})
	if err != nil || string(output) != "a\nb\n" || c.CPU == 0 {
		t.Errorf("%q, %+v, %v", output, c, err)
	}
	if output, c, err := runProgram([]string{"sh", "-c", "exec sh -c 'exec echo a'"}); err != nil || string(output) != "a\n" || c.Peak == 0 {
		t.Errorf("%q, %+v, %v", output, c, err)
	}
	for _, row := range []struct{ script, want string }{
		{"echo what is wrong; exit 3", "what is wrong"},
		{"echo what was last; kill -TERM $$", "what was last"},
	} {
		if _, _, err := runProgram([]string{"sh", "-c", row.script}); err == nil || err.Error() != row.want {
			t.Errorf("%s: %v, want %s", row.script, err, row.want)
		}
	}
	if _, _, err := runProgram([]string{"membench-is-not-there"}); !missing(err) {
		t.Errorf("%v, want that it is not there", err)
	}
}

// ru_maxrss would include the parent's RSS.
func TestThePeakOfAProgramIsItsOwn(t *testing.T) {
	b, err := touched(64*mib, unix.MADV_NOHUGEPAGE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(b)
	for _, row := range []struct {
		block    string
		from, to uint64
	}{{"1", 1, 16 * mib}, {"32M", 32 * mib, 48 * mib}} {
		_, c, err := runProgram(strings.Fields("dd if=/dev/zero of=/dev/null count=1 bs=" + row.block))
		if err != nil || c.Peak < row.from || c.Peak > row.to {
			t.Errorf("a block of %s: %d, %v, want from %d to %d", row.block, c.Peak, err, row.from, row.to)
		}
	}
}
