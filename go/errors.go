package memanalyzer

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
)

const unsupported = "memory reports need Linux and a build with cgo (CGO_ENABLED=1 and a C compiler)"

// Errors that errors.Is tells apart.
var (
	// ErrUnsupported: this system, or this build, has no source of reports.
	ErrUnsupported = errors.New("memanalyzer: " + unsupported)

	// ErrEmpty: the input has no bytes, which means no address space.
	ErrEmpty = errors.New("empty input")
	// ErrMalformed: the input is not what the kernel writes.
	ErrMalformed = errors.New("malformed input")
	// ErrOverflow: a number, or a sum, is larger than 64 bits hold in bytes.
	ErrOverflow = errors.New("number too large")
	// ErrTruncated: the input ends in the middle of a record.
	ErrTruncated = errors.New("truncated input")

	// ErrPID: what was given is no number of a process.
	ErrPID = errors.New("memanalyzer: ReadProcess wants a number from 1")
	// ErrNoProcess: there is no such process, or it has ended. /proc can have the
	// numbers of another PID namespace; the message says so then.
	ErrNoProcess = errors.New("no such process")
	// ErrEnded: the process ended while it was read.
	ErrEnded = errors.New("process ended")
	// ErrReplaced: the process began another program while it was read; read it again.
	ErrReplaced = errors.New("process began another program")
	// ErrZombie: the process has ended and has no memory, but its parent has not
	// waited for it.
	ErrZombie = errors.New("zombie process")
	// ErrKernelThread: it is a kernel thread, which has no memory of its own.
	ErrKernelThread = errors.New("kernel thread")
	// ErrNotPermitted: the process is another user's.
	ErrNotPermitted = errors.New("process of another user")
	// ErrProtected: the process is this user's, but not dumpable, or has more
	// privileges.
	ErrProtected = errors.New("protected process")
	// ErrNoProc: /proc is not mounted, or is that of a PID namespace which does not
	// know this process.
	ErrNoProc = errors.New("no /proc")
	// ErrNoMemory: memory for the report, or the label, could not be had.
	ErrNoMemory = errors.New("no memory")

	// ErrNoPage: what a label was asked for has no whole page in it.
	ErrNoPage = errors.New("no whole page")
	// ErrLabelName: a label is 1 to 255 bytes without control characters.
	ErrLabelName = errors.New("no name for a label")
	// ErrLabelled: a part of it has a label.
	ErrLabelled = errors.New("has a label")
	// ErrNoLabel: the label was removed before.
	ErrNoLabel = errors.New("has no such label")
	// ErrNotMapped: a part of it is not mapped.
	ErrNotMapped = errors.New("not mapped")
	// ErrNotAnonymous: a part of it is a file's, a memfd's or the kernel's.
	ErrNotAnonymous = errors.New("not anonymous memory")
	// ErrGoHeap: it is on the Go heap, as what make returns is, where other things
	// come to lie in the same pages.
	ErrGoHeap = errors.New("on the Go heap")
)

// A SourceError says why the memory of a process could not be read. errors.Is
// finds its kind in it, and the system's reason, such as fs.ErrPermission.
type SourceError struct {
	Message string // what failed, on which file, and why
	Kind    error  // one of the errors above, or nil
	Err     error  // the reason: a syscall.Errno, a *ParseError, or nil
}

func (e *SourceError) Error() string { return "memanalyzer: " + e.Message }

func (e *SourceError) Unwrap() []error { return both(e.Kind, e.Err) }

// both returns those that are not nil.
func both(kind, reason error) []error {
	return slices.DeleteFunc([]error{kind, reason}, func(err error) bool { return err == nil })
}

// A LabelError says why memory could not be labelled, or mapped. errors.Is finds its
// kind in it, and the system's reason.
type LabelError struct {
	Message string // what was wanted, and what was there
	Kind    error  // one of the errors above, or nil
	Err     error  // the reason: a syscall.Errno, or nil
}

func (e *LabelError) Error() string { return "memanalyzer: " + e.Message }

func (e *LabelError) Unwrap() []error { return both(e.Kind, e.Err) }

// A ParseError says what is wrong with a text of smaps, and where. errors.Is
// tells ErrEmpty, ErrMalformed, ErrOverflow and ErrTruncated apart.
type ParseError struct {
	Line, Column int    // counted from 1; 0 where it is about no place
	Message      string // what was wanted, and what came
	Err          error
}

func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "memanalyzer: " + e.Message
	}
	return fmt.Sprintf("memanalyzer: %d:%d: %s", e.Line, e.Column, e.Message)
}

func (e *ParseError) Unwrap() error { return e.Err }

// errno is nil for 0.
func errno(system uint64) error {
	if system == 0 {
		return nil
	}
	return syscall.Errno(system)
}
