//go:build linux

package main

// A simple analyzer, as a first version is usually written: a bufio.Scanner, an Sscanf for ten of
// the lines of each mapping, the runtime's MemStats, and a text with the twenty largest mappings.

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

type mapping struct {
	address, perms, name string

	size, rss, pss, sharedClean, sharedDirty, privateClean, privateDirty, referenced, anonymous, swap uint64 // kB
}

func analyze() (uint64, error) {
	file, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var mappings []mapping
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if first, _, _ := strings.Cut(line, " "); !strings.HasSuffix(first, ":") {
			mappings = append(mappings, parseHeader(line))
		} else {
			mappings[len(mappings)-1].parseField(line)
		}
	}
	if err := lines.Err(); err != nil {
		return 0, err
	}
	return describe(mappings), nil
}

func parseHeader(line string) mapping {
	words := strings.Fields(line)
	return mapping{address: words[0], perms: words[1], name: strings.Join(words[5:], " ")}
}

func (m *mapping) parseField(line string) {
	for _, f := range []struct {
		label string
		kb    *uint64
	}{
		{"Size:", &m.size}, {"Rss:", &m.rss}, {"Pss:", &m.pss}, {"Shared_Clean:", &m.sharedClean},
		{"Shared_Dirty:", &m.sharedDirty}, {"Private_Clean:", &m.privateClean}, {"Private_Dirty:", &m.privateDirty},
		{"Referenced:", &m.referenced}, {"Anonymous:", &m.anonymous}, {"Swap:", &m.swap},
	} {
		if strings.HasPrefix(line, f.label) {
			fmt.Sscanf(line, f.label+" %d kB", f.kb)
			return
		}
	}
}

// describe makes the text, and returns RSS in bytes.
func describe(mappings []mapping) uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	groups := map[string]uint64{}
	var total mapping
	for _, m := range mappings {
		groups[m.group()] += m.rss
		total.size += m.size
		total.rss += m.rss
		total.pss += m.pss
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "Heap: %d MB\nStack: %d MB\n", stats.HeapInuse>>20, stats.StackInuse>>20)
	for group, kb := range groups {
		fmt.Fprintf(&text, "%s: %d MB\n", group, kb>>10)
	}
	fmt.Fprintf(&text, "Virtual: %d MB\nRSS: %d MB\nPSS: %d MB\n", total.size>>10, total.rss>>10, total.pss>>10)
	slices.SortFunc(mappings, func(a, b mapping) int { return int(b.rss) - int(a.rss) })
	for _, m := range mappings[:min(20, len(mappings))] {
		fmt.Fprintf(&text, "%s %s %d MB %d MB %d MB %s\n", m.address, m.perms, m.rss>>10, (m.privateClean+m.privateDirty)>>10, (m.sharedClean+m.sharedDirty)>>10, m.name)
	}
	return total.rss << 10
}

func (m *mapping) group() string {
	switch {
	case strings.HasPrefix(m.name, "[anon:"):
		return m.name
	case strings.HasPrefix(m.name, "/"):
		return "files"
	case strings.Contains(m.perms, "x"):
		return "executable"
	case strings.Contains(m.perms, "w"):
		return "read-write"
	default:
		return "read-only"
	}
}
