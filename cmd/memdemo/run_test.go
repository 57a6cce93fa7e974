//go:build linux

package main

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// `make run`, as a user starts and ends it.

// A buffer can be read while a process writes to it.
type runOutput struct {
	text chan string
	all  bytes.Buffer
}

func (o *runOutput) Write(b []byte) (int, error) {
	o.text <- string(b)
	return len(b), nil
}

// waitFor returns if the output contains a text, or has ended.
func (o *runOutput) waitFor(text string) bool {
	for !strings.Contains(o.all.String(), text) {
		piece, open := <-o.text
		if !open {
			return false
		}
		o.all.WriteString(piece)
	}
	return true
}

// startRun starts `make run` in a process group of its own, as a shell does.
func startRun(t *testing.T, addr string) (*exec.Cmd, *runOutput, <-chan error) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and runs the demo")
	}
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip(err)
	}
	o := &runOutput{text: make(chan string, 1000)}
	c := exec.CommandContext(t.Context(), "make", "-C", "../..", "run", "ADDR="+addr, "CGO_ENABLED=1")
	for _, variable := range os.Environ() { // of a make that runs this test
		if !strings.HasPrefix(variable, "MAKE") && !strings.HasPrefix(variable, "MFLAGS=") {
			c.Env = append(c.Env, variable)
		}
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Stdout, c.Stderr = o, o
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	bound := time.AfterFunc(5*time.Minute, func() { syscall.Kill(-c.Process.Pid, syscall.SIGKILL) })
	t.Cleanup(func() { bound.Stop() })
	ended := make(chan error, 1)
	go func() {
		ended <- c.Wait()
		close(o.text)
	}()
	return c, o, ended
}

func TestRunEndsWithoutAnErrorOfMake(t *testing.T) {
	t.Parallel()
	c, o, ended := startRun(t, "127.0.0.1:0")
	if !o.waitFor("Ctrl-C ends it.") {
		t.Fatalf("it ended with %v:\n%s", <-ended, o.all.String())
	}
	if err := syscall.Kill(-c.Process.Pid, syscall.SIGINT); err != nil { // what Ctrl-C does
		t.Fatal(err)
	}
	err := <-ended
	o.waitFor("what never comes")
	if text := o.all.String(); strings.Contains(text, "***") || !strings.Contains(text, "=== Totals ===") {
		t.Errorf("it ended with %v:\n%s", err, text)
	}
}

func TestRunAtAnAddressInUse(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	addr := listener.Addr().String()
	_, o, ended := startRun(t, addr)
	hint := addr + " is in use; choose another address: make run ADDR="
	if !o.waitFor(hint) {
		t.Errorf("no %q:\n%s", hint, o.all.String())
	}
	o.waitFor("what never comes")
	if err := <-ended; err == nil {
		t.Error("its exit status is 0")
	}
}
