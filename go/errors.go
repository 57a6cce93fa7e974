package memanalyzer

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"example.com/memanalyzer/csrc/core"
)

const unsupported = "memory reports need Linux; a saved smaps can be read everywhere"

// Errors for errors.Is. Every error that this package makes, these included, prints as
// "memanalyzer: " and what is wrong. Errors of a context, a reader or a writer that the caller
// has passed are returned as they are.
var (
	// ErrUnsupported: this system has no source of reports.
	ErrUnsupported = errors.New("memanalyzer: " + unsupported)

	// ErrEmpty: the input has no mappings, hence no address space.
	ErrEmpty = errors.New("memanalyzer: empty input")
	// ErrMalformed: the input is not what the kernel writes.
	ErrMalformed = errors.New("memanalyzer: malformed input")
	// ErrOverflow: a number of bytes, or a sum, does not fit into 64 bits.
	ErrOverflow = errors.New("memanalyzer: number too large")
	// ErrTruncated: the input ends in the middle of a record.
	ErrTruncated = errors.New("memanalyzer: truncated input")

	// ErrPID: the number cannot be that of a process.
	ErrPID = errors.New("memanalyzer: ReadProcess wants a number from 1")
	// ErrNoProcess: the process does not exist, or has ended. The message says if /proc may
	// have the numbers of another PID namespace.
	ErrNoProcess = errors.New("memanalyzer: no such process")
	// ErrEnded: the process ended while it was read.
	ErrEnded = errors.New("memanalyzer: process ended")
	// ErrReplaced: the process executed another program while it was read; read it again.
	ErrReplaced = errors.New("memanalyzer: process executed another program")
	// ErrZombie: the process has ended and has no memory, but its parent has not waited for it.
	ErrZombie = errors.New("memanalyzer: zombie process")
	// ErrKernelThread: kernel threads have no memory of their own.
	ErrKernelThread = errors.New("memanalyzer: kernel thread")
	// ErrNotPermitted: the process belongs to another user.
	ErrNotPermitted = errors.New("memanalyzer: process of another user")
	// ErrProtected: the process belongs to this user, but is not dumpable or has more
	// privileges.
	ErrProtected = errors.New("memanalyzer: protected process")
	// ErrNoProc: /proc is not mounted, or belongs to a PID namespace without this process.
	ErrNoProc = errors.New("memanalyzer: no /proc")
	// ErrNoMemory: there is no memory for the report or the label.
	ErrNoMemory = errors.New("memanalyzer: no memory")

	// ErrNoPage: the region to label contains no whole page.
	ErrNoPage = errors.New("memanalyzer: no whole page")
	// ErrLabelName: a label must have 1 to 255 bytes, none of them a control character.
	ErrLabelName = errors.New("memanalyzer: not a name for a label")
	// ErrLabeled: a part of the region has a label already.
	ErrLabeled = errors.New("memanalyzer: labeled already")
	// ErrNoLabel: the label has been removed before.
	ErrNoLabel = errors.New("memanalyzer: no such label")
	// ErrNotMapped: a part of the region is not mapped.
	ErrNotMapped = errors.New("memanalyzer: not mapped")
	// ErrNotAnonymous: a part of the region belongs to a file, a memfd or the kernel.
	ErrNotAnonymous = errors.New("memanalyzer: not anonymous memory")
	// ErrGoHeap: the region is on the Go heap, for example from make. The runtime reuses those
	// pages for other objects.
	ErrGoHeap = errors.New("memanalyzer: on the Go heap")
)

// A SourceError says why the memory of a process could not be read. errors.Is finds Kind and Err
// in it, and, through Err, errors such as fs.ErrPermission.
type SourceError struct {
	Message string // the operation, the file and the reason
	Kind    error  // one of the errors above, or nil
	Err     error  // the reason: a syscall.Errno, a *ParseError, or nil
}

func (e *SourceError) Error() string { return "memanalyzer: " + e.Message }

func (e *SourceError) Unwrap() []error { return both(e.Kind, e.Err) }

// both returns its arguments without nils.
func both(kind, reason error) []error {
	return slices.DeleteFunc([]error{kind, reason}, func(err error) bool { return err == nil })
}

// A LabelError says why memory could not be mapped or labeled, or a label not removed. errors.Is
// finds Kind and Err in it.
type LabelError struct {
	Message string // what was wanted, and what was found
	Kind    error  // one of the errors above, or nil
	Err     error  // the reason: a syscall.Errno, or nil
}

func (e *LabelError) Error() string { return "memanalyzer: " + e.Message }

func (e *LabelError) Unwrap() []error { return both(e.Kind, e.Err) }

// A ParseError says what is wrong with a text of smaps, and where.
type ParseError struct {
	Line, Column int    // counted from 1; 0 if the error has no place
	Message      string // what was wanted, and what was found
	Err          error  // ErrEmpty, ErrMalformed, ErrOverflow or ErrTruncated
}

func (e *ParseError) Error() string {
	if e.Line == 0 {
		return "memanalyzer: " + e.Message
	}
	return fmt.Sprintf("memanalyzer: %d:%d: %s", e.Line, e.Column, e.Message)
}

func (e *ParseError) Unwrap() error { return e.Err }

// A BudgetError says that this process may not read itself again so soon, because it spends at
// most 1% of the time on that.
type BudgetError struct {
	Wait time.Duration // until the next reading may begin
}

func (e *BudgetError) Error() string {
	return fmt.Sprintf("memanalyzer: reading takes at most 1%% of the time: ask again in %d s", e.seconds())
}

// seconds is Wait in whole seconds, rounded up, as Retry-After has it.
func (e *BudgetError) seconds() int64 { return int64((e.Wait + time.Second - 1) / time.Second) }

// errno returns a system's error number as an error, nil for 0.
func errno(system int32) error {
	if system == 0 {
		return nil
	}
	return syscall.Errno(system)
}

// statusErrors are the errors of enum mema_status, by its ids.
var statusErrors = map[string]error{
	"EMPTY": ErrEmpty, "MALFORMED": ErrMalformed, "OVERFLOW": ErrOverflow, "TRUNCATED": ErrTruncated,
	"NO_PROCESS": ErrNoProcess, "ENDED": ErrEnded, "REPLACED": ErrReplaced, "ZOMBIE": ErrZombie,
	"KERNEL_THREAD": ErrKernelThread, "NOT_PERMITTED": ErrNotPermitted, "PROTECTED": ErrProtected,
	"NO_PROC": ErrNoProc, "NO_MEMORY": ErrNoMemory, "NO_PAGE": ErrNoPage, "BAD_NAME": ErrLabelName,
	"LABELED": ErrLabeled, "NO_LABEL": ErrNoLabel, "NOT_MAPPED": ErrNotMapped,
	"NOT_ANONYMOUS": ErrNotAnonymous, "ON_GO_HEAP": ErrGoHeap, "UNSUPPORTED": ErrUnsupported,
}

// errorOf returns nil, ErrUnsupported, or what of returns for the kind of e. SYSTEM has no kind.
func errorOf(e core.Error, of func(kind error) error) error {
	if e.Status == core.OK {
		return nil
	}
	kind := statusErrors[names.Statuses[e.Status]]
	if kind == ErrUnsupported {
		return kind
	}
	return of(kind)
}

func parseError(e core.Error) error {
	return errorOf(e, func(kind error) error { return &ParseError{int(e.Line), int(e.Column), e.Message, kind} })
}

func sourceError(e core.Error) error {
	return errorOf(e, func(kind error) error {
		if e.Line > 0 { // the input is wrong
			return &SourceError{e.Message, nil, parseError(e)}
		}
		return &SourceError{e.Message, kind, errno(e.System)}
	})
}

func labelError(e core.Error) error {
	return errorOf(e, func(kind error) error { return &LabelError{e.Message, kind, errno(e.System)} })
}
