package memanalyzer

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"example.com/memanalyzer/go/internal/plain"
)

// Helpers of several test files: captures, parsed texts, and child processes.

const (
	kib = 1 << 10
	mib = 1 << 20

	testdata = "../testdata/"
)

// isPlain is true in builds without the C library.
var _, isPlain = library.(plain.Library)

// children are the functions that this binary runs instead of tests if childVariable names one. Tests
// that change the whole process run in a process of their own.
var children = map[string]func(){}

const childVariable = "MEMANALYZER_TEST_CHILD"

func TestMain(m *testing.M) {
	if name := os.Getenv(childVariable); name != "" {
		children[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// emulator is the path of the qemu-user that runs this binary, if one does.
var emulator = os.Getenv("EMULATOR")

// isProcStrange reports whether /proc/self misleads this process: under qemu-user, smaps and pagemap are those of
// the emulator, whose addresses differ from those of 32-bit programs, and whose byte order can differ.
func isProcStrange() bool {
	return emulator != "" && (strconv.IntSize == 32 || binary.NativeEndian.Uint16([]byte{0, 1}) == 1)
}

// needOwnProc skips a test if isProcStrange.
func needOwnProc(t testing.TB) {
	t.Helper()
	if isProcStrange() {
		t.Skip("/proc/self has addresses and numbers of the emulator")
	}
}

// programCommand returns the command, not yet started, that runs a program of this binary's architecture.
func programCommand(ctx context.Context, program string, arguments ...string) *exec.Cmd {
	if emulator != "" {
		program, arguments = emulator, append([]string{program}, arguments...)
	}
	return exec.CommandContext(ctx, program, arguments...)
}

func executable(t testing.TB) string {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return program
}

// childCommand returns the command, not yet started, that runs this binary as the child of that name.
func childCommand(t testing.TB, name string, environment ...string) *exec.Cmd {
	t.Helper()
	c := programCommand(t.Context(), executable(t))
	c.Env = append(append(os.Environ(), environment...), childVariable+"="+name)
	c.Stderr = os.Stderr
	return c
}

// handler is MemoryProfileHandler with its own keeper, without pauses.
var handler = withoutBudget(new(Analyzer))

func withoutBudget(a *Analyzer) *Analyzer {
	a.own = newKeeper()
	a.own.factor = 0
	return a
}

// mustNew returns an Analyzer with its own keeper, without pauses.
func mustNew(t testing.TB, options ...Option) *Analyzer {
	t.Helper()
	a, err := New(options...)
	if err != nil {
		t.Fatal(err)
	}
	withoutBudget(a)
	t.Cleanup(func() {
		for _, kept := range a.own.kept {
			if kept != nil {
				kept.Close()
			}
		}
	})
	return a
}

func readFile(t testing.TB, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// readFiles concatenates files below testdata: "real/a.facts+real/a.smaps".
func readFiles(t testing.TB, names string) string {
	t.Helper()
	var text strings.Builder
	for name := range strings.SplitSeq(names, "+") {
		text.WriteString(readFile(t, testdata+name))
	}
	return text.String()
}

// captures returns the names of all captured smaps, relative to testdata.
func captures(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob(testdata + "real/*.smaps")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no captures in %sreal: %v", testdata, err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimPrefix(filepath.ToSlash(path), testdata)
	}
	return paths
}

// everyByte returns a smaps with names that contain each byte from first to last, alone and in a
// truncated character, and with names of the characters that stand for bytes.
func everyByte(first, last int) string {
	var text strings.Builder
	for b := first; b <= last; b++ {
		if b != '\n' {
			name := string([]byte{'/', byte(b), 0xe2, byte(b)}) + string(rune(0xef00+b)) + "\xff"
			fmt.Fprintf(&text, "%x000-%x000 r--p 00000000 08:02 17 %s\nRss: 4 kB\n", b+1, b+2, name)
		}
	}
	return text.String()
}

func parseText(t testing.TB, text string, options ...ReadOption) *Report {
	t.Helper()
	report, err := Parse(strings.NewReader(text), options...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func parseCapture(t testing.TB, name string, options ...ReadOption) *Report {
	t.Helper()
	return parseText(t, readFile(t, testdata+name), options...)
}

var kilobytesLine = regexp.MustCompile(`^(\w+): +(\d+) kB$`)

// readRollup returns the columns of a smaps_rollup, in bytes.
func readRollup(t testing.TB, name string) map[string]uint64 {
	t.Helper()
	columns := map[string]uint64{}
	for line := range strings.Lines(readFile(t, name)) {
		if m := kilobytesLine.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			columns[m[1]] = parseNumber(t, m[2]) * kib
		}
	}
	if len(columns) == 0 {
		t.Fatalf("%s has no columns", name)
	}
	return columns
}

func parseNumber(t testing.TB, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var (
	titleLine = regexp.MustCompile(`^(\w.*):$`)
	rowLine   = regexp.MustCompile(`^  (.+?):? +(\d+) (?:MB|KB|B)$`)
	totalLine = regexp.MustCompile(`^(\w.*): +(\d+) (?:MB|KB|B)$`)
)

// textRows returns the numbers of a report's text, in its unit, by "Go Runtime/Heap" or
// "RSS (Resident)".
func textRows(t testing.TB, text string) map[string]uint64 {
	t.Helper()
	rows, group := map[string]uint64{}, ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := titleLine.FindStringSubmatch(line); m != nil {
			group = m[1]
		} else if m := rowLine.FindStringSubmatch(line); m != nil {
			rows[group+"/"+m[1]] = parseNumber(t, m[2])
		} else if m := totalLine.FindStringSubmatch(line); m != nil {
			rows[m[1]] = parseNumber(t, m[2])
		}
	}
	return rows
}

// ask returns the answer of a handler, without a network.
func ask(h http.Handler, method, target string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w
}

// fetch returns the answer of a server and its body.
func fetch(t testing.TB, method, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

// firstDifference describes the first line in which two texts differ.
func firstDifference(got, want string) string {
	a, b := bytes.Split([]byte(got), []byte("\n")), bytes.Split([]byte(want), []byte("\n"))
	for i := 0; ; i++ {
		switch {
		case i == len(a) || i == len(b):
			return fmt.Sprintf("line %d: %d lines, want %d", i+1, len(a), len(b))
		case !bytes.Equal(a[i], b[i]):
			return fmt.Sprintf("line %d: %q, want %q", i+1, a[i], b[i])
		}
	}
}
