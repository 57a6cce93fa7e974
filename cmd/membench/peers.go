//go:build linux

package main

// The table of who is measured, and how each reads a process once.

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/procfs"
	gopsutil "github.com/shirou/gopsutil/v4/process"
	"golang.org/x/sys/unix"

	memanalyzer "example.com/memanalyzer/go"
)

// A peer reads inside the process, or is a program.
type peer struct {
	name   string
	inside func() (rss uint64, err error)
	polled func() (rss uint64, err error) // used in a daemon; nil: inside

	program []string                           // with PID for the number of the process
	found   func(output string, c *cost) error // sets RSS, and costs that the program measures itself

	version func() string // nil: not worth mentioning
}

const pidArgument = "PID"

//go:embed memory_maps.py
var psutilScript string

// All peers are compared with the first one.
var peers = []peer{
	{name: "read() of smaps, 64 kB", inside: readBare},
	{name: reader, inside: readReport()},
	{name: "memanalyzer, Read of a scan", inside: readReport(memanalyzer.From(memanalyzer.SourceScan))},
	{name: handler, inside: askHandler("/debug/memory?unit=B&fresh=1"), polled: askHandler("/debug/memory?unit=B")},
	{name: "memanalyzer, command line", program: []string{"memanalyzer", "-unit", "B", "-pid", pidArgument}, found: foundInText},
	{name: "an Sscanf a line, MemStats", inside: analyze},
	{name: "gopsutil, MemoryMaps(false)", inside: readGopsutil, version: moduleVersion("github.com/shirou/gopsutil/v4")},
	{name: "procfs, ProcSMapsRollup", inside: readProcfs, version: moduleVersion("github.com/prometheus/procfs")},
	{name: "pmap -X", program: []string{"pmap", "-X", pidArgument}, found: foundByPmap, version: printed("pmap", "-V")},
	{name: "psutil, memory_maps", program: []string{"python3", "-Ic", psutilScript, pidArgument}, found: foundByPsutil,
		version: printed("python3", "-Ic", "import psutil; print('psutil', psutil.__version__)")},
}

// Names of peers: for the phases of a daemon, and for the comparison of builds.
const (
	handler = "memanalyzer, handler"
	reader  = "memanalyzer, Read"
)

func findPeer(name string) (peer, error) {
	i := slices.IndexFunc(peers, func(p peer) bool { return p.name == name })
	if i < 0 || peers[i].inside == nil {
		return peer{}, fmt.Errorf("no peer %q reads its own process", name)
	}
	return peers[i], nil
}

// read has the peer read the process, by turns with the first one, for the time most.
func (p peer) read(s *subject, most time.Duration) (c cost, err error) {
	if p.inside != nil {
		a, err := s.ask(request{Peer: p.name, For: most})
		return a.Cost, err
	}
	arguments := slices.Clone(p.program)
	arguments[slices.Index(arguments, pidArgument)] = strconv.Itoa(s.command.Process.Pid)
	run := func() (time.Duration, error) {
		var output []byte
		if output, c, err = runProgram(arguments); err == nil {
			err = p.found(string(output), &c)
		}
		return c.CPU, err
	}
	turns := cost{}
	err = turns.takeTurns(s.readBare, run, most)
	c.CPU, c.Ratio = turns.CPU, turns.Ratio
	return c, err
}

// printed returns the first line that a program prints, or says that it is missing.
func printed(arguments ...string) func() string {
	return func() string {
		output, err := exec.Command(arguments[0], arguments[1:]...).Output()
		if err != nil {
			return "no " + arguments[0]
		}
		line, _, _ := strings.Cut(string(output), "\n")
		return line
	}
}

var bareBuffer = make([]byte, 64<<10)

// readBare does the minimum: it reads smaps, and finds nothing.
func readBare() (uint64, error) {
	fd, err := unix.Open("/proc/self/smaps", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	for n := 1; n > 0 && err == nil; {
		n, err = unix.Read(fd, bareBuffer)
	}
	return 0, err
}

func readReport(options ...memanalyzer.ReadOption) func() (uint64, error) {
	return func() (uint64, error) {
		report, err := memanalyzer.Read(context.Background(), options...)
		if err != nil {
			return 0, err
		}
		return report.Totals.RSS.Bytes, nil
	}
}

// errLater says that the handler may not read again yet.
var errLater = errors.New("the handler may not read again yet")

// askHandler calls the handler without a network.
func askHandler(target string) func() (uint64, error) {
	request := httptest.NewRequest(http.MethodGet, target, nil)
	var p page
	return func() (uint64, error) {
		p.header, p.status = http.Header{}, http.StatusOK
		p.text.Reset() // keeps the buffer, as a server does
		memanalyzer.MemoryProfileHandler(&p, request)
		if p.header.Get("Retry-After") != "" {
			return 0, errLater
		}
		if p.status != http.StatusOK {
			return 0, errors.New(strings.TrimSpace(p.text.String()))
		}
		var c cost
		err := foundInText(p.text.String(), &c)
		return c.RSS, err
	}
}

// A page is an answer of a handler.
type page struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (p *page) Header() http.Header            { return p.header }
func (p *page) WriteHeader(status int)         { p.status = status }
func (p *page) Write(text []byte) (int, error) { return p.text.Write(text) }

func foundInText(text string, c *cost) error {
	const label = "\nRSS (Resident):"
	_, line, _ := strings.Cut(text, label)
	if n, _ := fmt.Sscanf(line, "%d B", &c.RSS); n != 1 {
		return fmt.Errorf("no line %q in %d bytes", label[1:], len(text))
	}
	return nil
}

func readGopsutil() (uint64, error) {
	maps, err := (&gopsutil.Process{Pid: int32(os.Getpid())}).MemoryMaps(false)
	if err != nil {
		return 0, err
	}
	var kb uint64
	for _, m := range *maps {
		kb += m.Rss
	}
	return kb << 10, nil
}

func readProcfs() (uint64, error) {
	self, err := procfs.Self()
	if err != nil {
		return 0, err
	}
	rollup, err := self.ProcSMapsRollup()
	return rollup.Rss, err
}

// foundByPmap parses the last line, which has the sums of Size, Rss and so on.
func foundByPmap(text string, c *cost) error {
	text = strings.TrimSpace(text)
	var size, kb uint64
	if n, _ := fmt.Sscan(text[strings.LastIndexByte(text, '\n')+1:], &size, &kb); n != 2 {
		return errors.New("no sums in the last line")
	}
	c.RSS = kb << 10
	return nil
}

// foundByPsutil takes the costs from the script, without those of starting Python.
func foundByPsutil(text string, c *cost) error { return json.Unmarshal([]byte(text), c) }
