//go:build linux && cgo

package memanalyzer

import (
	"os/exec"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Reports of this process while its mappings change.

// churn calls f in a goroutine until the test ends, each time with another number.
func churn(t *testing.T, f func(i int)) {
	var done sync.WaitGroup
	stop := make(chan struct{})
	done.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				f(i)
			}
		}
	})
	t.Cleanup(func() {
		close(stop)
		done.Wait()
	})
}

// mapAndUnmap keeps nothing; the middle page splits the mapping into three.
func mapAndUnmap(t *testing.T, i int) {
	const page = 4 * kib
	memory, err := unix.Mmap(-1, 0, (3+i%61)*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Error(err)
		return
	}
	memory[0], memory[2*page] = 1, 1
	if err := unix.Mprotect(memory[page:2*page], unix.PROT_NONE); err != nil {
		t.Error(err)
	}
	if err := unix.Munmap(memory); err != nil {
		t.Error(err)
	}
}

func TestReadWhileMappingsChange(t *testing.T) {
	if testing.Short() {
		t.Skip("reads thousands of reports")
	}
	var kept [64][]byte
	churn(t, func(i int) {
		kept[i%len(kept)] = make([]byte, 1+i*7919%mib)
	})
	for range 2 {
		churn(t, func(i int) { mapAndUnmap(t, i) })
	}
	churn(t, func(int) {
		if err := exec.Command("true").Run(); err != nil {
			t.Error(err)
		}
	})
	for i := range 1000 {
		r := readNow(t, Top(All), Sort(names.sorts[i%len(names.sorts)]))
		checkLaw(t, r)
		checkPossible(t, "totals", &r.Totals)
		for c := range r.Categories() {
			checkPossible(t, c.ID, &c.Columns)
			if c.Low > c.RSS.Bytes || c.High < c.RSS.Bytes {
				t.Errorf("%s: %d is not from %d to %d", c.ID, c.RSS.Bytes, c.Low, c.High)
			}
		}
		if len(r.Regions) > r.Totals.Mappings {
			t.Errorf("%d regions of %d mappings", len(r.Regions), r.Totals.Mappings)
		}
		if t.Failed() {
			return
		}
	}
}

// checkPossible fails where a column is more than there is room for, as a
// difference below zero is.
func checkPossible(t *testing.T, what string, c *Columns) {
	t.Helper()
	for _, l := range columnLabels {
		if of := l.of(c); of.Bytes > c.Virtual.Bytes {
			t.Errorf("%s: %s is %d bytes of %d", what, l.label, of.Bytes, c.Virtual.Bytes)
		}
	}
}
