package memanalyzer

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// Another module that requires this one, as a user's does: builds of each kind, and the programs'
// behavior.

const serveProgram = `package main

import (
	"fmt"
	"net"
	"net/http"

	memanalyzer "example.com/memanalyzer/go"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Printf("http://%s/debug/memory\n", listener.Addr())
	panic(http.Serve(listener, mux))
}
`

const parseProgram = `package main

import (
	"fmt"
	"os"

	memanalyzer "example.com/memanalyzer/go"
)

func main() {
	report, err := memanalyzer.Parse(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(report.Totals.RSS.Bytes)
}
`

// libcProgram loads the C library in a build without cgo, and has 96 MB of its malloc.
const libcProgram = `package main

import (
	"fmt"
	"net/http/httptest"
	"unsafe"

	"github.com/ebitengine/purego"
	memanalyzer "example.com/memanalyzer/go"
)

func main() {
	libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		panic(err)
	}
	var malloc func(uintptr) unsafe.Pointer
	purego.RegisterLibFunc(&malloc, libc, "malloc")
	touch := func(size uintptr) {
		block := unsafe.Slice((*byte)(malloc(size)), size)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
	}
	for range 2048 {
		touch(16 << 10)
	}
	touch(64 << 20)
	w := httptest.NewRecorder()
	memanalyzer.MemoryProfileHandler(w, httptest.NewRequest("GET", "/?unit=KB", nil))
	fmt.Print(w.Body)
}
`

// A userModule is a folder with another module, and the environment of go commands in it.
type userModule struct {
	folder      string
	environment []string
}

// newUserModule writes the module and runs go mod tidy, as a user would.
func newUserModule(t *testing.T, environment ...string) userModule {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	m := userModule{t.TempDir(), append(environment, "GOWORK=off", "GOFLAGS=")}
	for name, text := range map[string]string{
		"serve/main.go": serveProgram,
		"parse/main.go": parseProgram,
		"go.mod": fmt.Sprintf("module example.com/user\n\ngo 1.26.0\n\nrequire example.com/memanalyzer v0.0.0\n\nreplace example.com/memanalyzer => %s\n",
			root),
	} {
		path := filepath.Join(m.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// The checksum database need not be asked: the hashes are compared with this module's go.sum.
	m.with("GONOSUMDB=golang.org/x/sys,golang.org/x/sync").run(t, "mod", "tidy")
	ours, theirs := readFile(t, filepath.Join(root, "go.sum")), readFile(t, filepath.Join(m.folder, "go.sum"))
	for line := range strings.Lines(theirs) {
		if !strings.Contains(ours, line) {
			t.Errorf("go mod tidy wants %q, which go.sum does not have", line)
		}
	}
	return m
}

func (m userModule) with(environment ...string) userModule {
	m.environment = append(slices.Clone(m.environment), environment...)
	return m
}

func (m userModule) run(t *testing.T, arguments ...string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", arguments...)
	c.Dir = m.folder
	c.Env = append(os.Environ(), m.environment...)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%s go %s: %v\n%s", strings.Join(m.environment, " "), strings.Join(arguments, " "), err, out)
	}
}

// build returns the folder of the built programs.
func (m userModule) build(t *testing.T, flags ...string) string {
	t.Helper()
	out := t.TempDir() + string(filepath.Separator)
	m.run(t, append(append([]string{"build", "-o", out}, flags...), "./...")...)
	return out
}

// goVersions returns the version of Go that runs this test and, in `make test-all`, OTHER_GO, the other
// supported version.
func goVersions() []string {
	versions := []string{"local"}
	if strings.HasPrefix(runtime.Version(), "go1.") && !strings.Contains(runtime.Version(), " ") {
		versions[0] = runtime.Version()
	}
	if other := os.Getenv("OTHER_GO"); other != "" {
		versions = append(versions, other)
	}
	return slices.Compact(versions)
}

// needCgo skips builds with cgo if the C compiler is one for another machine.
func needCgo(t *testing.T) {
	t.Helper()
	host, err := exec.CommandContext(t.Context(), "go", "env", "GOHOSTARCH").Output()
	if err != nil || strings.TrimSpace(string(host)) != runtime.GOARCH {
		t.Skipf("there is no C compiler for %s", runtime.GOARCH)
	}
}

// onlyInTestAll skips builds that compile the standard library again.
func onlyInTestAll(t *testing.T) {
	t.Helper()
	if os.Getenv("OTHER_GO") == "" {
		t.Skip("compiles the standard library again: run make test-all")
	}
}

// forEachGo calls f with a new module for each version of Go; it skips versions that are missing.
func forEachGo(t *testing.T, f func(*testing.T, userModule)) {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs with each version of Go")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the programs need Linux")
	}
	t.Parallel()
	for _, version := range goVersions() {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			probe := exec.CommandContext(t.Context(), "go", "version")
			probe.Env = append(os.Environ(), "GOTOOLCHAIN="+version)
			if out, err := probe.CombinedOutput(); err != nil {
				t.Skipf("there is no %s here: %v\n%s", version, err, out)
			}
			f(t, newUserModule(t, "GOTOOLCHAIN="+version))
		})
	}
}

func TestOtherModule(t *testing.T) { forEachGo(t, testModule) }

func testModule(t *testing.T, m userModule) {
	cgo, none := m.with("CGO_ENABLED=1"), m.with("CGO_ENABLED=0")
	t.Run("cgo", func(t *testing.T) { needCgo(t); testReports(t, cgo.build(t, "-mod=mod")) })
	t.Run("no cgo", func(t *testing.T) { testReports(t, none.build(t, "-mod=mod")) })
	m.run(t, "mod", "vendor")
	t.Run("cgo, vendored", func(t *testing.T) { needCgo(t); testReports(t, cgo.build(t, "-mod=vendor")) })
	t.Run("no cgo, vendored", func(t *testing.T) { testReports(t, none.build(t, "-mod=vendor")) })
}

// Without cgo, a C library can be in the process all the same. Nothing can be asked of it, which the
// report says; its heap is known from outside.
func TestALibraryOfCWithoutCgo(t *testing.T) {
	if testing.Short() {
		t.Skip("downloads a module and builds a program")
	}
	onlyInTestAll(t)
	t.Parallel()
	m := newUserModule(t, "CGO_ENABLED=0")
	if err := os.Mkdir(filepath.Join(m.folder, "libc"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.folder, "libc/main.go"), []byte(libcProgram), 0o666); err != nil {
		t.Fatal(err)
	}
	m.run(t, "get", "github.com/ebitengine/purego@v0.11.3")
	out, err := programCommand(t.Context(), m.build(t)+"libc").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if text := string(out); !strings.Contains(text, "\n  A C library was loaded without cgo and gave no figures: ") {
		t.Errorf("%s\nhas no warning", text)
	}
	rows := textRows(t, string(out))
	heap := rows["C Heap (malloc)/Main Arena"] + rows["C Heap (malloc)/Arenas"] + rows["Anonymous Memory/Read-Write"]
	if heap < 96*kib || heap > 100*kib { // in KB
		t.Errorf("rows %v have %d KB of malloc, want 96 MB", rows, heap)
	}
}

func TestOtherSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the standard library for other systems")
	}
	onlyInTestAll(t)
	t.Parallel()
	m := newUserModule(t, "CGO_ENABLED=0")
	for _, system := range []string{"darwin", "freebsd", "windows"} {
		t.Run(system, func(t *testing.T) { m.with("GOOS=" + system).build(t) })
	}
}

func testReports(t *testing.T, programs string) {
	t.Helper()
	status, body := askProgram(t, programs+"serve")
	if status != http.StatusOK || !strings.HasPrefix(body, "=== Complete Memory Breakdown ===\n") || !strings.Contains(body, "\n  Serve Binary ") {
		t.Errorf("%d %q, want a report of the program", status, body)
	}
	const capture = "real/go1.26-named-6.1.smaps"
	out, _, err := runParse(t, programs+"parse", capture)
	if want := fmt.Sprintln(parsedRSS(t, capture)); err != nil || out != want {
		t.Errorf("Parse prints %q, %v, want %q", out, err, want)
	}
}

// parsedRSS adds up the Rss lines of a capture.
func parsedRSS(t *testing.T, capture string) uint64 {
	t.Helper()
	var sum uint64
	for line := range strings.Lines(readFile(t, testdata+capture)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Rss:" {
			sum += parseNumber(t, f[1]) * kib
		}
	}
	return sum
}

// askProgram runs a server, sends a request to the address that it prints, and kills it.
func askProgram(t *testing.T, program string) (status int, body string) {
	t.Helper()
	bounded, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := programCommand(bounded, program)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer c.Wait()
	defer c.Process.Kill()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	response, body := fetch(t, "GET", strings.TrimSpace(url))
	return response.StatusCode, body
}

func runParse(t *testing.T, program, capture string) (out, message string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	c := programCommand(t.Context(), program)
	c.Stdin = strings.NewReader(readFile(t, testdata+capture))
	c.Stdout, c.Stderr = &stdout, &stderr
	err = c.Run()
	return stdout.String(), stderr.String(), err
}
