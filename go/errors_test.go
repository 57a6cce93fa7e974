package memanalyzer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"math"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

const header = "00400000-0040b000 r-xp 00000000 08:02 17 /bin/cat\n"

var parseFailures = []struct {
	what         string
	text         string
	want         error
	line, column int
	message      string // the whole error; "" if its words may change
}{
	{"no input", "", ErrEmpty, 0, 0, "memanalyzer: the input is empty: no address space"},
	{"blank lines", "\n\n", ErrEmpty, 2, 0, ""},

	{"a letter", "hello\n", ErrMalformed, 1, 1, ""},
	{"a page of HTML", "<!DOCTYPE html>\n", ErrMalformed, 1, 1, ""},
	{"a field before a mapping", "Rss: 4 kB\n" + header, ErrMalformed, 1, 1, ""},
	{"an end below its start", "0040b000-00400000 r-xp 00000000 08:02 17\n", ErrMalformed, 1, 10, ""},
	{"no permissions", "00400000-0040b000 r-xq 00000000 08:02 17\n", ErrMalformed, 1, 22, ""},
	{"no offset", "00400000-0040b000 r-xp /bin/cat\n", ErrMalformed, 1, 24, ""},
	{"no device", "00400000-0040b000 r-xp 00000000 0802 17\n", ErrMalformed, 1, 37, ""},
	{"no inode", "00400000-0040b000 r-xp 00000000 08:02 x\n", ErrMalformed, 1, 39, ""},
	{"a negative number", header + "Rss: -4 kB\n", ErrMalformed, 2, 6,
		`memanalyzer: 2:6: Rss wants a number of kB, not "-4"`},
	{"another unit", header + "Rss: 4 MB\n", ErrMalformed, 2, 8, ""},
	{"no unit", header + "Rss: 4\n", ErrMalformed, 2, 7, ""},
	{"a field without a value", header + "Rss:\n", ErrMalformed, 2, 5, ""},
	{"a fraction", header + "Rss: 4.0 kB\n", ErrMalformed, 2, 7, ""},
	{"more after the unit", header + "Rss: 4 kB 5\n", ErrMalformed, 2, 11, ""},
	{"a flag of three letters", header + "VmFlags: rd wrx\n", ErrMalformed, 2, 13, ""},
	{"a line without a label", header + "Rss: 4 kB\nno label\n", ErrMalformed, 3, 1, ""},
	{"NUL in a number", header + "Rss: 4\x00 kB\n", ErrMalformed, 2, 7, ""},

	{"a cut address", "00400000-00", ErrTruncated, 1, 12, ""},
	{"a cut header", "00400000-0040b000 r-", ErrTruncated, 1, 21, ""},
	{"a cut label", header + "Rs", ErrTruncated, 2, 3, ""},
	{"a cut number", header + "Rss:   1", ErrTruncated, 2, 9, ""},
	{"a cut unit", header + "Rss: 4 k", ErrTruncated, 2, 9, ""},
	{"a cut last mapping", header + "Rss: 4 kB\nPss: 4 kB\n" + header + "Rss: 4 kB\n", ErrTruncated, 6, 1, ""},

	{"an address of 17 digits", "10000000000000000-10000000000001000 r--p 00000000 00:00 0\n", ErrOverflow, 1, 1, ""},
	{"an inode of 20 digits", "00400000-0040b000 r-xp 00000000 08:02 99999999999999999999\n", ErrOverflow, 1, 39, ""},
	{"a number of 20 digits", header + "Rss: 99999999999999999999 kB\n", ErrOverflow, 2, 6, ""},
	{"2^64 bytes", header + "Rss: 18014398509481984 kB\n", ErrOverflow, 2, 6, ""},
	{"a sum of 2^64 bytes", header + "Rss: 18014398509481983 kB\n" + header + "Rss: 1 kB\n", ErrOverflow, 3, 1, ""},
}

func TestParseErrors(t *testing.T) {
	for _, c := range parseFailures {
		t.Run(c.what, func(t *testing.T) {
			r, err := Parse(strings.NewReader(c.text))
			if r != nil {
				t.Error("a report beside the error")
			}
			for _, kind := range []error{ErrEmpty, ErrMalformed, ErrOverflow, ErrTruncated, ErrUnsupported} {
				if errors.Is(err, kind) != (kind == c.want) {
					t.Errorf("%v: errors.Is says %t of %q", err, !(kind == c.want), kind)
				}
			}
			var parse *ParseError
			if !errors.As(err, &parse) {
				t.Fatalf("%v is no *ParseError", err)
			}
			if parse.Line != c.line || parse.Column != c.column {
				t.Errorf("%v: at %d:%d, want %d:%d", err, parse.Line, parse.Column, c.line, c.column)
			}
			checkMessage(t, err, parse, c.message)
		})
	}
}

func checkMessage(t *testing.T, err error, parse *ParseError, want string) {
	t.Helper()
	got := err.Error()
	if want != "" && got != want {
		t.Errorf("the error is %q, want %q", got, want)
	}
	if parse.Message == "" || !strings.HasPrefix(got, "memanalyzer: ") || !strings.HasSuffix(got, parse.Message) {
		t.Errorf("the error is %q, want one line of memanalyzer that ends in its message %q", got, parse.Message)
	}
	if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Errorf("the error %q has more than printable ASCII", got)
	}
}

// Every prefix of a text is an error, or a report if it ends between two mappings: then nothing
// tells that it was cut.
func TestCutText(t *testing.T) {
	whole := header + "Rss: 4 kB\nVmFlags: rd\n" + header + "Rss: 8 kB\nVmFlags: rd\n"
	for n := range whole {
		r, err := Parse(strings.NewReader(whole[:n]))
		switch {
		case (r == nil) == (err == nil):
			t.Errorf("%q: a report (%t) and an error (%v)", whole[:n], r != nil, err)
		case err != nil && !errors.Is(err, ErrTruncated) && !errors.Is(err, ErrEmpty):
			t.Errorf("%q: %v, want it truncated", whole[:n], err)
		}
	}
}

func TestLargestNumber(t *testing.T) {
	r := parseText(t, header+"Rss: 18014398509481983 kB\n")
	if want := (Size{1<<64 - 1024, true}); r.Totals.RSS != want {
		t.Errorf("RSS is %+v, want %+v", r.Totals.RSS, want)
	}
}

func TestOptionErrors(t *testing.T) {
	for _, c := range []struct {
		option ReadOption
		want   string // "": none
	}{
		{Top(0), ""},
		{Top(math.MaxInt), ""},
		{Top(All), ""},
		{Top(-2), "memanalyzer: Top wants a number from 0, or All; not -2"},
		{SortBy(SortAddress), ""},
		{SortBy(""), `memanalyzer: SortBy wants one of [rss pss private dirty swap size address name], not ""`},
		{SortBy("RSS"), `memanalyzer: SortBy wants one of [rss pss private dirty swap size address name], not "RSS"`},
		{SortBy("a\nb"), `memanalyzer: SortBy wants one of [rss pss private dirty swap size address name], not "a\nb"`},
	} {
		_, err := Parse(strings.NewReader(header), c.option)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("the error is %q, want %q", got, c.want)
		}
	}
}

func TestAScanCannotSortByColumnsThatItLacks(t *testing.T) {
	_, err := Read(t.Context(), SortBy(SortPSS), From(SourceScan))
	const want = `memanalyzer: SortBy("pss") wants SourceSmaps or SourceAuto; a scan has sizes and RSS only`
	if err == nil || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestNilOptions(t *testing.T) {
	for what, call := range map[string]func() error{
		"Read":        func() error { _, err := Read(t.Context(), nil); return err },
		"Read, later": func() error { _, err := Read(t.Context(), Top(1), nil); return err },
		"ReadProcess": func() error { _, err := ReadProcess(t.Context(), 1, nil); return err },
		"Parse":       func() error { _, err := Parse(strings.NewReader(header), nil); return err },
		"Report":      func() error { _, err := new(Analyzer).Report(t.Context(), nil); return err },
	} {
		if err := call(); err == nil || err.Error() != "memanalyzer: a ReadOption is nil" {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Of two options that set the same thing, the last one counts.
func TestOptionsApplyInOrder(t *testing.T) {
	o, err := newReadOptions([]ReadOption{Top(1), SortBy(SortPSS), From(SourceScan), Top(2), From(SourceSmaps), SortBy(SortName)})
	if err != nil || o.top != 2 || names.Sorts[o.sort] != "name" || names.Sources[o.source] != "smaps" {
		t.Errorf("%+v, %v", o, err)
	}
}

// Every error prints as "memanalyzer: " and more, once, also inside other errors.
func TestErrorsHaveOnePrefix(t *testing.T) {
	const prefix = "memanalyzer: "
	_, parse := Parse(strings.NewReader("x"))
	_, empty := Parse(strings.NewReader(""))
	_, process := ReadProcess(t.Context(), math.MaxInt32)
	_, pid := ReadProcess(t.Context(), 0)
	_, label := Label(nil, "x")
	_, mmap := Mmap(-1, "x")
	_, option := New(nil)
	for _, err := range []error{
		ErrUnsupported, ErrEmpty, ErrMalformed, ErrOverflow, ErrTruncated, ErrPID, ErrNoProcess, ErrEnded, ErrReplaced,
		ErrZombie, ErrKernelThread, ErrNotPermitted, ErrProtected, ErrNoProc, ErrNoMemory, ErrNoPage, ErrLabelName,
		ErrLabeled, ErrNoLabel, ErrNotMapped, ErrNotAnonymous, ErrGoHeap,
		parse, empty, process, pid, label, mmap, option, &BudgetError{1}, &SourceError{"m", ErrNoProc, syscall.EPERM},
		&LabelError{"m", ErrNoPage, syscall.EPERM}, &SourceError{"m", nil, parse},
	} {
		if err == nil || !strings.HasPrefix(err.Error(), prefix) || strings.Count(err.Error(), prefix) != 1 {
			t.Errorf("%v, want the prefix once", err)
		}
	}
}

func TestOptionErrorsComeBeforeReading(t *testing.T) {
	if _, err := Parse(nil, Top(-2)); err == nil {
		t.Error("Parse takes a wrong option")
	}
	if _, err := Read(t.Context(), Top(-2)); err == nil {
		t.Error("Read takes a wrong option")
	}
	if _, err := new(Analyzer).Report(t.Context(), SortBy("x")); err == nil {
		t.Error("Report takes a wrong option")
	}
}

func TestContextThatIsDone(t *testing.T) {
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("Read: %v, want %v", err, context.Canceled)
	}
	a := mustNew(t)
	if _, err := a.Report(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("Report: %v, want %v", err, context.Canceled)
	}
	a.own.turn <- struct{}{} // another reading is in progress
	if _, err := a.Report(canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("Report that waits: %v, want %v", err, context.Canceled)
	}
}

func TestSourceErrorUnwraps(t *testing.T) {
	truncated := &ParseError{3, 7, "Rss wants a number of kB, but the input ends here", ErrTruncated}
	for _, c := range []struct {
		reason error
		is     []error
	}{
		{syscall.EACCES, []error{syscall.EACCES, fs.ErrPermission}},
		{syscall.EPERM, []error{syscall.EPERM, fs.ErrPermission}},
		{syscall.ENOENT, []error{syscall.ENOENT, fs.ErrNotExist}},
		{syscall.EMFILE, []error{syscall.EMFILE}},
		{truncated, []error{ErrTruncated, truncated}},
		{nil, nil},
	} {
		var err error = &SourceError{"Failed to open /proc/self/smaps: it is gone", nil, c.reason}
		for _, want := range c.is {
			if !errors.Is(err, want) {
				t.Errorf("with %v it is not %v", c.reason, want)
			}
		}
		for _, other := range []error{fs.ErrPermission, fs.ErrNotExist, ErrEmpty, ErrUnsupported} {
			if errors.Is(err, other) && !errors.Is(c.reason, other) {
				t.Errorf("with %v it is %v", c.reason, other)
			}
		}
		if want := "memanalyzer: Failed to open /proc/self/smaps: it is gone"; err.Error() != want {
			t.Errorf("the error is %q, want %q", err, want)
		}
	}
}

func TestAReaderWithoutProgress(t *testing.T) {
	t.Parallel()
	if _, err := Parse(iotest.ErrReader(nil)); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("the error is %v, want %v", err, io.ErrNoProgress)
	}
}

// The ids of statuses are those of memanalyzer.h.
func TestEveryStatusWithAnErrorExists(t *testing.T) {
	for id := range statusErrors {
		if number(names.Statuses, id) < 0 {
			t.Errorf("memanalyzer.h has no status %s", id)
		}
	}
}
