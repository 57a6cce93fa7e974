//go:build linux

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestMain can be a process that is read, like main. It adds the peers that the Makefile installs to
// PATH.
func TestMain(m *testing.M) {
	if memory := os.Getenv(memoryVariable); memory != "" {
		serve(memory)
		return
	}
	for _, folder := range []string{"../../build/venv/bin", "../../bin"} {
		path, err := filepath.Abs(folder)
		if err != nil {
			panic(err)
		}
		os.Setenv("PATH", path+string(filepath.ListSeparator)+os.Getenv("PATH"))
	}
	os.Exit(m.Run())
}

func startSubject(t *testing.T, memory string) *subject {
	t.Helper()
	s, err := start(memory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *subject) inStatus(t *testing.T, field string) uint64 {
	t.Helper()
	n, err := inStatus(s.command.Process.Pid, field)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
