//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each kind of memory, in a small process.
func TestProcessesHaveTheirMemory(t *testing.T) {
	for _, row := range []struct {
		memory string
		least  map[string]int // of mappings, threads, bytes that are resident, and of these in huge pages
	}{
		{"mappings 300", map[string]int{"mappings": 300}},
		{"threads 40", map[string]int{"threads": 40}},
		{"pages 33554432", map[string]int{"Rss:": 32 * mib}},
		{"huge 33554432", map[string]int{"Rss:": 32 * mib, "AnonHugePages:": 28 * mib}},
		{"mappings 300 pages 33554432", map[string]int{"mappings": 300, "Rss:": 33 * mib}},
	} {
		t.Run(row.memory, func(t *testing.T) {
			if never, _ := os.ReadFile("/sys/kernel/mm/transparent_hugepage/enabled"); strings.HasPrefix(row.memory, "huge") &&
				(len(never) == 0 || strings.Contains(string(never), "[never]")) {
				t.Skip("the kernel gives no huge pages")
			}
			folder := fmt.Sprintf("/proc/%d/", startSubject(t, row.memory).command.Process.Pid)
			threads, err := filepath.Glob(folder + "task/*")
			if err != nil {
				t.Fatal(err)
			}
			has := map[string]int{"threads": len(threads), "mappings": strings.Count(readFile(t, folder+"maps"), "\n")}
			for line := range strings.Lines(readFile(t, folder+"smaps_rollup")) {
				var field string
				var kb int
				fmt.Sscan(line, &field, &kb) // the first line has no number
				has[field] = kb << 10
			}
			for what, least := range row.least {
				if has[what] < least {
					t.Errorf("%s: %d, want %d", what, has[what], least)
				}
			}
			if huge := has["AnonHugePages:"]; strings.HasPrefix(row.memory, "pages") && huge >= 32*mib {
				t.Errorf("%d bytes are in huge pages", huge)
			}
		})
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheTablesAreSane(t *testing.T) {
	for _, p := range append([]process{daemon}, processes...) {
		words := strings.Fields(p.memory)
		for i := 0; i < len(words); i += 2 {
			if kinds[words[i]] == nil {
				t.Errorf("%s: no kind is %q", p.name, words[i])
			}
		}
	}
	for _, p := range peers {
		if (p.inside == nil) == (p.program == nil) || (p.program == nil) != (p.found == nil) {
			t.Errorf("%s has to read inside, or be a program", p.name)
		}
	}
	for _, p := range phases {
		if _, err := findPeer(p.Peer); p.Peer != "" && err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

func TestMemoryThatCannotBeMadeIsAnError(t *testing.T) {
	for _, memory := range []string{"pages lots", "pages -1"} {
		if s, err := start(memory); err == nil {
			s.end()
			t.Errorf("%s is made", memory)
		}
	}
}

func TestPeersThatFailAreResults(t *testing.T) {
	defer func(all []peer) { peers = all }(peers)
	peers = []peer{peers[0],
		{name: "absent", program: []string{"membench-is-not-there", pidArgument}, found: foundByPsutil},
		{name: "wrong", program: []string{"echo", pidArgument}, found: func(string, *cost) error { return os.ErrInvalid }}}
	results, err := compare(process{memory: "mappings 10"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; r.err != nil || r.cost.CPU == 0 || r.cost.Ratio == 0 {
		t.Errorf("the first: %+v", r)
	}
	if r := results[1]; !missing(r.err) {
		t.Errorf("absent: %+v", r)
	}
	if r := results[2]; r.err != os.ErrInvalid {
		t.Errorf("wrong: %+v", r)
	}
}
