//go:build linux

package memanalyzer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A refusedProcess is what a child process prints about a process that it cannot read.
type refusedProcess struct {
	Err                     string
	NotPermitted, Protected bool
	Permission, SetupFailed bool
}

func init() {
	children["read as nobody"] = func() {
		if os.Geteuid() == 0 && syscall.Setresuid(65534, 65534, 65534) != nil {
			json.NewEncoder(os.Stdout).Encode(refusedProcess{SetupFailed: true})
			return
		}
		var pid int
		fmt.Sscan(os.Getenv("MEMANALYZER_TEST_PID"), &pid)
		_, err := ReadProcess(context.Background(), pid)
		json.NewEncoder(os.Stdout).Encode(refusedProcess{
			Err:          fmt.Sprint(err),
			NotPermitted: errors.Is(err, ErrNotPermitted),
			Protected:    errors.Is(err, ErrProtected),
			Permission:   errors.Is(err, fs.ErrPermission),
		})
	}
	children["wait, not dumpable"] = func() {
		if os.Geteuid() == 0 {
			syscall.Setresuid(65534, 65534, 65534)
		}
		unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
		fmt.Println("ready")
		bufio.NewReader(os.Stdin).ReadByte()
	}
}

// checkKind fails unless err is of one kind only.
func checkKind(t *testing.T, err, want error, words string) {
	t.Helper()
	for _, kind := range []error{
		ErrNoProcess, ErrEnded, ErrReplaced, ErrZombie, ErrKernelThread, ErrNotPermitted, ErrProtected,
		ErrNoProc, ErrNoMemory, ErrUnsupported, ErrEmpty,
	} {
		if errors.Is(err, kind) != (kind == want) {
			t.Errorf("%v: errors.Is says %t of %q", err, kind != want, kind)
		}
	}
	var source *SourceError
	if !errors.As(err, &source) || source.Kind != want || !strings.Contains(source.Message, words) {
		t.Errorf("%v is not a *SourceError of %q with the words %q", err, want, words)
	}
}

func TestReadProcess(t *testing.T) {
	t.Parallel()
	report, err := ReadProcess(t.Context(), os.Getpid(), Top(All))
	if err != nil {
		t.Fatal(err)
	}
	checkLaw(t, report)
	if report.Totals.RSS.Bytes < mib || report.Cost <= 0 || time.Since(report.Time) < 0 {
		t.Errorf("RSS %d, cost %v, time %v", report.Totals.RSS.Bytes, report.Cost, report.Time)
	}
}

func TestReadProcessThatIsNone(t *testing.T) {
	t.Parallel()
	for _, pid := range []int{999999999, math.MaxInt} {
		_, err := ReadProcess(t.Context(), pid)
		checkKind(t, err, ErrNoProcess, fmt.Sprintf("process %d does not exist, or has ended", pid))
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is not fs.ErrNotExist", err)
		}
	}
	for _, pid := range []int{0, -1, math.MinInt} {
		_, err := ReadProcess(t.Context(), pid)
		want := fmt.Sprintf("memanalyzer: ReadProcess wants a number from 1, not %d", pid)
		if !errors.Is(err, ErrPID) || err.Error() != want {
			t.Errorf("the error is %v, want ErrPID, %q", err, want)
		}
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ReadProcess(canceled, os.Getpid()); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v, want %v", err, context.Canceled)
	}
}

func TestReadZombie(t *testing.T) {
	t.Parallel()
	c := exec.Command("/bin/true")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	if err := unix.Waitid(unix.P_PID, c.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil); err != nil {
		t.Fatal(err)
	}
	_, err := ReadProcess(t.Context(), c.Process.Pid)
	checkKind(t, err, ErrZombie, "is a zombie")
}

func TestReadKernelThread(t *testing.T) {
	t.Parallel()
	if name, err := os.ReadFile("/proc/2/comm"); err != nil || string(name) != "kthreadd\n" {
		t.Skip("process 2 is no kernel thread here")
	}
	_, err := ReadProcess(t.Context(), 2)
	checkKind(t, err, ErrKernelThread, "it is a kernel thread")
}

// asNobody reads a process in a child without privileges.
func asNobody(t *testing.T, pid int) refusedProcess {
	t.Helper()
	out, err := childCommand(t, "read as nobody", fmt.Sprintf("MEMANALYZER_TEST_PID=%d", pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	var o refusedProcess
	if err := json.Unmarshal(out, &o); err != nil {
		t.Fatalf("%v: %q", err, out)
	}
	if o.SetupFailed {
		t.Skip("root cannot be left here")
	}
	return o
}

func TestReadProcessOfAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root has a process that is another user's")
	}
	if o := asNobody(t, os.Getpid()); !o.NotPermitted || o.Protected || !o.Permission {
		t.Errorf("%+v, want ErrNotPermitted and fs.ErrPermission", o)
	}
}

func TestReadProtectedProcess(t *testing.T) {
	t.Parallel()
	c := childCommand(t, "wait, not dumpable")
	stdin, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer stdin.Close()
	if line, err := bufio.NewReader(stdout).ReadString('\n'); line != "ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	if o := asNobody(t, c.Process.Pid); !o.Protected || o.NotPermitted || !o.Permission {
		t.Errorf("%+v, want ErrProtected and fs.ErrPermission", o)
	}
}
