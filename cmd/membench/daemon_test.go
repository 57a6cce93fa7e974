//go:build linux

package main

import (
	"testing"
	"time"
)

// The shortest phases of a small daemon: peers read, and all threads work.
func TestPhases(t *testing.T) {
	s := startSubject(t, "mappings 10")
	for _, p := range phases {
		t.Run(p.Name, func(t *testing.T) {
			p.For = 0
			a, err := s.ask(request{Phase: &p})
			if err != nil {
				t.Fatal(err)
			}
			f := a.Felt
			if (f.Polls > 0) != (p.Peer != "") {
				t.Errorf("%d polls", f.Polls)
			}
			for _, w := range []work{f.Mapping, f.Faulting} {
				if w.Done == 0 || w.Longest == 0 || w.Spent < w.Longest {
					t.Errorf("%+v", f)
				}
			}
			if len(f.Late) == 0 {
				t.Error("no millisecond has passed")
			}
		})
	}
	if _, err := s.ask(request{Phase: &phase{Peer: "nobody"}}); err == nil {
		t.Error("an unknown peer is accepted")
	}
}

func TestFeltAddsUp(t *testing.T) {
	f := felt{Mapping: work{3, 2 * time.Second, time.Second}, Late: []time.Duration{1}, Polls: 1}
	f.add(felt{Mapping: work{5, 2 * time.Second, time.Millisecond}, Faulting: work{1, 1, 1}, Late: []time.Duration{2, 3}, Polls: 2})
	if f.Mapping != (work{8, 4 * time.Second, time.Second}) || f.Faulting != (work{1, 1, 1}) || len(f.Late) != 3 || f.Polls != 3 {
		t.Errorf("%+v", f)
	}
	if speed := f.Mapping.speed(); speed != 2 {
		t.Errorf("%v a second, want 2", speed)
	}
}
