package memanalyzer

import (
	"errors"
	"fmt"
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
)

// A SourceError says why the memory of this process could not be read.
// errors.Is finds the system's reason in it, such as fs.ErrPermission.
type SourceError struct {
	Message string // what failed, on which file, and why
	Err     error  // the reason: a syscall.Errno, a *ParseError, or nil
}

func (e *SourceError) Error() string { return "memanalyzer: " + e.Message }

func (e *SourceError) Unwrap() error { return e.Err }

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
