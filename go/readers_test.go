//go:build linux

package memanalyzer

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/memanalyzer/csrc/core"
)

// Each format is read by programs that its users have: testdata/readers.

const (
	venv    = "../build/venv/bin/python" // with the reference parser of OpenMetrics; make build/venv
	python  = "/usr/bin/python3"         // with Debian's modules
	schema  = "../csrc/memanalyzer.schema.json"
	readers = testdata + "readers/"
)

// runReader runs a program that must succeed, and returns its output.
func runReader(t *testing.T, arguments ...string) string {
	t.Helper()
	c := exec.CommandContext(t.Context(), arguments[0], arguments[1:]...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%.200q: %v\n%s", arguments, err, out)
	}
	return string(out)
}

// needReader skips the test if a program is missing; make check installs them.
func needReader(t *testing.T, arguments ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), arguments[0], arguments[1:]...).CombinedOutput(); err != nil {
		t.Skipf("%q: %v\n%s", arguments, err, out)
	}
}

// rendered parses a text, writes its report to a file in a format, and returns the file's name and
// the report; nil if the text has no report.
func rendered(t *testing.T, form, name, text string) (string, *Report) {
	t.Helper()
	o := readOptions{top: topMax}
	r, err := parse(strings.NewReader(text), o)
	if err != nil {
		return "", nil
	}
	defer r.Close()
	return written(t, name, wholeText(r, core.OutputOptions{Format: uint32(number(names.Formats, form))}, 16*kib)), buildReport(r, o)
}

func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// answered returns a file with the handler's answer in a format.
func answered(t *testing.T, h http.Handler, form, mediaType string) string {
	t.Helper()
	w := ask(h, "GET", "/?top=20&format="+form)
	if got := w.Header().Get("Content-Type"); w.Code != http.StatusOK || got != mediaType {
		t.Fatalf("%d, %q, want 200 and %q", w.Code, got, mediaType)
	}
	return written(t, "live."+form, w.Body.String())
}

// outputs returns files in a format: golden ones, reports of hostile input, and an answer of the
// handler.
func outputs(t *testing.T, form, mediaType string) (golden, hostile, live []string) {
	t.Helper()
	for _, c := range goldenCases(t) {
		if names.Formats[c.query.format] == form {
			golden = append(golden, testdata+"golden/"+c.name)
		}
	}
	inputs, err := filepath.Glob(testdata + "hostile/*.smaps")
	if err != nil || len(inputs) == 0 {
		t.Fatal(err, inputs)
	}
	for _, input := range inputs {
		if file, report := rendered(t, form, filepath.Base(input), readFile(t, input)); report != nil {
			hostile = append(hostile, file)
		}
	}
	hidden := mustNew(t, WithoutAddresses())
	live = append(live, answered(t, handler, form, mediaType), answered(t, hidden, form, mediaType))
	if len(golden) < 10 || len(hostile) < 30 {
		t.Errorf("%d golden files and %d of hostile input", len(golden), len(hostile))
	}
	return golden, hostile, live
}

func TestJSONIsValidAndAddsUp(t *testing.T) {
	t.Parallel()
	needReader(t, python, "-c", "import jsonschema")
	golden, hostile, live := outputs(t, "json", "application/json")
	differences, err := filepath.Glob(testdata + "golden/diff-*.json")
	if err != nil || len(differences) == 0 {
		t.Fatal(err, differences)
	}
	changed := ask(changing(t, func(context.Context) error { return nil }), "GET", "/?seconds=1&top=all&format=json")
	differences = append(differences, written(t, "changed.json", changed.Body.String()))
	if testing.Short() { // the schema takes a second for ten files
		golden, hostile = nil, nil
	}
	files := append(append(append(golden, hostile...), live...), differences...)
	runReader(t, append([]string{python, readers + "read_json.py", schema}, files...)...)
}

func TestJSONAddsUpInJq(t *testing.T) {
	t.Parallel()
	needReader(t, "jq", "--version")
	golden, _, live := outputs(t, "json", "application/json")
	for _, file := range append(golden, live...) {
		if out := runReader(t, "jq", "-f", readers+"law.jq", file); out != "true\n" {
			t.Errorf("%s: %q, want true", file, out)
		}
	}
}

func TestNamesAreTakenBackFromJSON(t *testing.T) {
	t.Parallel()
	needReader(t, python, "--version")
	for name, text := range map[string]string{
		"every byte":   everyByte(0, 255),
		"invalid":      readFile(t, testdata+"hostile/07-invalid-utf8.smaps"),
		"a mark":       readFile(t, testdata+"hostile/07-bidirectional-mark.smaps"),
		"NUL":          readFile(t, testdata+"hostile/35-nul-in-a-name.smaps"),
		"of 4096":      readFile(t, testdata+"hostile/09-two-long-names.smaps"),
		"whole images": readFile(t, testdata+"real/perl-6.18.smaps"),
	} {
		file, report := rendered(t, "json", "names.json", text)
		var want strings.Builder
		for _, region := range report.Regions {
			fmt.Fprintln(&want, hex.EncodeToString([]byte(region.Name)))
		}
		if got := runReader(t, python, readers+"names.py", file); len(report.Regions) == 0 || got != want.String() {
			t.Errorf("%s: %s", name, firstDifference(got, want.String()))
		}
	}
}

const openMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

func TestOpenMetricsIsReadByTheReferenceParser(t *testing.T) {
	t.Parallel()
	needReader(t, venv, "-c", "import prometheus_client")
	golden, hostile, live := outputs(t, "openmetrics", openMetricsType)
	runReader(t, append([]string{venv, readers + "read_openmetrics.py"}, append(append(golden, hostile...), live...)...)...)
}

// everyName is everyByte for names of anonymous memory.
func everyName(first, last int) string {
	return regexp.MustCompile("(?m)r--p 00000000 08:02 17 (/.*)$").ReplaceAllString(everyByte(first, last), "rw-p 00000000 00:00 0 [anon:$1]")
}

func TestOpenMetricsAddsUpToRSS(t *testing.T) {
	t.Parallel()
	needReader(t, venv, "-c", "import prometheus_client")
	texts := map[string]string{"all names": everyName(0, 255)}
	for b := 0; b < 256; b += 50 { // the number of names in OpenMetrics
		texts[fmt.Sprint("names from ", b)] = everyName(b, min(b+49, 255))
	}
	for _, capture := range captures(t) {
		texts[capture] = readFile(t, testdata+capture)
	}
	command := []string{venv, readers + "read_openmetrics.py"}
	var want strings.Builder
	for _, text := range texts {
		file, report := rendered(t, "openmetrics", "metrics", text)
		command = append(command, file)
		fmt.Fprintln(&want, report.Totals.RSS.Bytes)
	}
	if got := runReader(t, command...); got != want.String() {
		t.Errorf("%s", firstDifference(got, want.String()))
	}
}
