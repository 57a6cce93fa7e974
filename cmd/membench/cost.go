//go:build linux

package main

// The cost of a reading, inside the process or by a program, compared with a bare read.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A cost is that of one reading. Sizes are bytes.
type cost struct {
	RSS   uint64        // that the reader found
	CPU   time.Duration // user and system time of all threads
	Ratio float64       // of CPU to that of the first peer
	Alloc uint64        // allocated on the Go heap
	Peak  uint64        // largest RSS, minus that before the reading; of a program: the largest RSS
}

// The number of turns in which the first peer and another one read. The speed of a machine changes
// within seconds, so the result is the median of the ratios. After the time slow, turnsSlow
// turns suffice: the handler of a large process makes its callers wait.
const (
	turnsLeast = 7
	turnsMost  = 100
	turnsSlow  = 3
	slow       = 10 * time.Second
)

// memoryTurns is the number of readings whose memory is measured, for a median: the first one
// allocates what later ones reuse.
const memoryTurns = 3

// takeTurns has both read by turns for the time most, once if that is 0, and sets CPU and Ratio. If
// a reading fails with errLater, both read again. The reader that begins a turn finds cold caches:
// therefore the first peer reads once more before each turn, and they begin alternately.
func (c *cost) takeTurns(first, other func() (time.Duration, error), most time.Duration) error {
	var times []time.Duration
	var ratios []float64
	turn := func() error {
		var took [2]time.Duration
		both := []func() (time.Duration, error){first, other}
		_, err := first()
		for i := 0; i < 2 && err == nil; i++ {
			who := (i + len(times)) % 2
			took[who], err = both[who]()
		}
		if err == nil {
			times, ratios = append(times, took[1]), append(ratios, float64(took[1])/float64(took[0]))
		}
		return err
	}
	began := time.Now()
	enough := func() bool {
		n := len(times)
		return n > 0 && most == 0 || n >= turnsMost || n >= turnsLeast && time.Since(began) >= most ||
			n >= turnsSlow && time.Since(began) >= slow
	}
	for !enough() {
		if err := untilNow(turn, laterMost); err != nil {
			return err
		}
	}
	c.CPU, c.Ratio = quantile(times, 0.5), quantile(ratios, 0.5)
	return nil
}

// measure measures the memory of read, after freeing that of other readers, and then its time, by
// turns with bare.
func measure(bare, read func() (rss uint64, err error), most time.Duration) (c cost, err error) {
	var alloc, peak []uint64
	for began := time.Now(); len(alloc) == 0 || len(alloc) < memoryTurns && time.Since(began) < slow; {
		err = untilNow(func() error { c, err = measureMemory(read); return err }, laterMost)
		if err != nil {
			return cost{}, err
		}
		alloc, peak = append(alloc, c.Alloc), append(peak, c.Peak)
	}
	c.Alloc, c.Peak = quantile(alloc, 0.5), quantile(peak, 0.5)
	timed := func(read func() (rss uint64, err error)) func() (time.Duration, error) {
		return func() (time.Duration, error) { return measureTime(read) }
	}
	err = c.takeTurns(timed(bare), timed(read), most)
	return c, err
}

// laterMost is more than the longest pause of a handler.
const laterMost = 90 * time.Second

// untilNow repeats ask while it fails with errLater, up to the bound.
func untilNow(ask func() error, bound time.Duration) error {
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		if err := ask(); !errors.Is(err, errLater) || time.Since(began) > bound {
			return err
		}
	}
}

func measureTime(read func() (rss uint64, err error)) (time.Duration, error) {
	began := cpuTime()
	_, err := read()
	return cpuTime() - began, err
}

func measureMemory(read func() (rss uint64, err error)) (c cost, err error) {
	debug.FreeOSMemory()
	trim()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil { // resets VmHWM
		return cost{}, err
	}
	resident, err := inStatus(os.Getpid(), "VmRSS")
	if err != nil {
		return cost{}, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c.RSS, err = read()
	runtime.ReadMemStats(&after)
	if err != nil {
		return cost{}, err
	}
	c.Alloc = after.TotalAlloc - before.TotalAlloc
	peak, err := inStatus(os.Getpid(), "VmHWM")
	c.Peak = peak - min(peak, resident) // the kernel's counters lag by some pages
	return c, err
}

func cpuTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		panic(err) // every kernel has this clock
	}
	return time.Duration(t.Nano())
}

// inStatus returns a size from /proc/PID/status, in bytes.
func inStatus(pid int, field string) (uint64, error) {
	path := fmt.Sprintf("/proc/%d/status", pid)
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if name, value, _ := strings.Cut(line, ":"); name == field {
			kb, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, field)
}

// runProgram runs a program to its end, with its output in a file. The program is traced, because
// VmHWM must be read at its exit: ru_maxrss would include the RSS that the parent had at the start.
func runProgram(arguments []string) (output []byte, c cost, err error) {
	out, err := os.CreateTemp("", "membench-*")
	if err != nil {
		return nil, cost{}, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	runtime.LockOSThread() // the thread that starts the program is its tracer
	defer runtime.UnlockOSThread()
	command := exec.Command(arguments[0], arguments[1:]...)
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, cost{}, err
	}
	defer command.Process.Release()
	status, err := trace(command.Process.Pid, &c)
	if err != nil {
		command.Process.Kill()
		return nil, cost{}, err
	}
	if _, err = out.Seek(0, io.SeekStart); err == nil {
		output, err = io.ReadAll(out)
	}
	if err == nil && status.ExitStatus() != 0 { // -1 after a signal
		lines := bytes.Split(bytes.TrimSpace(output), []byte("\n"))
		err = errors.New(string(lines[len(lines)-1]))
	}
	return output, c, err
}

// trace follows a process from its first instruction to its end.
func trace(pid int, c *cost) (status unix.WaitStatus, err error) {
	var usage unix.Rusage
	if _, err = unix.Wait4(pid, &status, 0, nil); err == nil {
		err = unix.PtraceSetOptions(pid, unix.PTRACE_O_TRACEEXIT|unix.PTRACE_O_TRACEEXEC|unix.PTRACE_O_EXITKILL)
	}
	for signal := syscall.Signal(0); err == nil; {
		if err = unix.PtraceCont(pid, int(signal)); err == nil {
			_, err = unix.Wait4(pid, &status, 0, &usage)
		}
		signal = 0
		switch {
		case err != nil:
		case !status.Stopped():
			c.CPU = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
			return status, nil
		case status.TrapCause() == unix.PTRACE_EVENT_EXIT:
			c.Peak, err = inStatus(pid, "VmHWM")
		case status.TrapCause() != unix.PTRACE_EVENT_EXEC: // a wrapper executes another program
			signal = status.StopSignal()
		}
	}
	return status, err
}
