//go:build linux

package main

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const mib = 1 << 20

// Every peer except the first finds the RSS of a process whose RSS is known.
func TestPeersFindWhatIsResident(t *testing.T) {
	s := startSubject(t, "mappings 300 pages 67108864")
	for _, p := range peers[1:] {
		t.Run(p.name, func(t *testing.T) {
			before := s.inStatus(t, "VmRSS")
			c, err := p.read(s, 0)
			if missing(err) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			// Readers inside the process add memory.
			const more = 4 * mib
			if after := s.inStatus(t, "VmRSS"); c.RSS+more < before || c.RSS > max(before, after)+more {
				t.Errorf("found %d bytes, %d before and %d after", c.RSS, before, after)
			}
			if c.CPU == 0 || (c.Alloc == 0) == (p.inside != nil) || (c.Peak == 0 && p.inside == nil) {
				t.Errorf("%+v", c)
			}
		})
	}
}

// missing reports whether err says that a peer is not installed.
func missing(err error) bool {
	return errors.Is(err, exec.ErrNotFound) || err != nil && strings.Contains(err.Error(), "No module named 'psutil'")
}

func TestReadBareReadsAll(t *testing.T) {
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	before := charactersRead(t)
	if _, err := readBare(); err != nil {
		t.Fatal(err)
	}
	// Some mappings may have been unmapped meanwhile.
	if read := charactersRead(t) - before; read < len(smaps)*9/10 {
		t.Errorf("read %d bytes of %d", read, len(smaps))
	}
}

func charactersRead(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	count, _, _ := strings.Cut(strings.TrimPrefix(string(text), "rchar: "), "\n")
	n, err := strconv.Atoi(count)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWhatAPeerDoesNotSayIsAnError(t *testing.T) {
	for _, p := range peers {
		if p.found == nil {
			continue
		}
		for _, output := range []string{"", "\n", "RSS (Resident): lots\n"} {
			if err := p.found(output, new(cost)); err == nil {
				t.Errorf("%s: %q is taken", p.name, output)
			}
		}
	}
	if _, err := askHandler("/debug/memory?top=lots")(); err == nil || !strings.Contains(err.Error(), "lots") {
		t.Errorf("%v, want the handler's refusal", err)
	}
}
