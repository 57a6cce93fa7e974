//go:build linux

package memanalyzer

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"

	"example.com/memanalyzer/csrc/core"
)

// The files of testdata/hostile, and the results that cases.tsv expects. The C tests use the same
// table.

const (
	hostile      = testdata + "hostile/"
	hostileItems = 39
)

// hostileOutcomes returns the rows of cases.tsv by file.
func hostileOutcomes(t *testing.T) map[string]string {
	t.Helper()
	outcomes := map[string]string{}
	for line := range strings.Lines(readFile(t, hostile+"cases.tsv")) {
		if line == "\n" || line[0] == '#' {
			continue
		}
		file, outcome, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("cases.tsv: %q has no outcome", line)
		}
		outcomes[file] += outcome
	}
	return outcomes
}

func hostileFiles(t *testing.T) map[string]bool {
	t.Helper()
	files := map[string]bool{}
	for _, pattern := range []string{"*.smaps", "*.sh", "large/*.sh"} {
		paths, err := filepath.Glob(hostile + pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			files[strings.TrimPrefix(filepath.ToSlash(path), hostile)] = true
		}
	}
	return files
}

func TestHostileTable(t *testing.T) {
	outcomes, files := hostileOutcomes(t), hostileFiles(t)
	items := map[int]bool{}
	for file := range outcomes {
		if !files[file] {
			t.Errorf("%s has a row and is not there", file)
		}
	}
	for file := range files {
		if outcomes[file] == "" {
			t.Errorf("%s has no row", file)
		}
		number, _, _ := strings.Cut(filepath.Base(file), "-")
		items[int(parseNumber(t, number))] = true
	}
	for i := 1; i <= hostileItems; i++ {
		if !items[i] {
			t.Errorf("item %d has no file", i)
		}
	}
	if len(items) != hostileItems {
		t.Errorf("there are files of %d items, want %d", len(items), hostileItems)
	}
}

func TestHostile(t *testing.T) {
	outcomes := hostileOutcomes(t)
	for file := range maps.Keys(hostileFiles(t)) {
		t.Run(file, func(t *testing.T) {
			large := strings.HasPrefix(file, "large/")
			if large && testing.Short() {
				t.Skip("takes long")
			}
			t.Parallel()
			text := hostileText(t, file)
			report, err := Parse(strings.NewReader(text), Top(All), SortBy(SortSize))
			if err != nil {
				checkHarmless(t, err.Error())
			} else {
				checkLaw(t, report)
			}
			if err == nil && !large {
				checkHarmless(t, reportText(t, text))
			}
			if got := describe(report, err); got != outcomes[file] {
				t.Errorf("it is read as\n%swant\n%s", got, outcomes[file])
			}
		})
	}
}

func hostileText(t *testing.T, file string) string {
	t.Helper()
	if filepath.Ext(file) != ".sh" {
		return readFile(t, hostile+file)
	}
	text, err := exec.CommandContext(t.Context(), "sh", hostile+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// reportText returns the text of a report that lists every mapping.
func reportText(t *testing.T, smaps string) string {
	t.Helper()
	r, err := parse(strings.NewReader(smaps), readOptions{top: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return wholeText(r, core.OutputOptions{}, 16*kib)
}

var hostileErrors = map[error]string{
	ErrEmpty: "empty", ErrMalformed: "malformed", ErrOverflow: "overflow", ErrTruncated: "truncated",
}

// describe returns a report or an error, as a row of cases.tsv.
func describe(r *Report, err error) string {
	if parse := (*ParseError)(nil); errors.As(err, &parse) {
		return fmt.Sprintf("%s at %d:%d: %s\n", hostileErrors[parse.Err], parse.Line, parse.Column, parse.Message)
	}
	var rows strings.Builder
	var categories []string
	for c := range r.Categories() {
		if c.RSS.Bytes > 0 {
			categories = append(categories, fmt.Sprintf("%s %d", c.ID, c.RSS.Bytes))
		}
	}
	fmt.Fprintf(&rows, "Mappings %d, %s", r.Totals.Mappings, describeColumns(r.Totals))
	if len(categories) > 0 {
		rows.WriteString(" = " + strings.Join(categories, " + "))
	}
	rows.WriteString("\n")
	shown := r.Regions
	if len(shown) > 8 {
		shown = shown[:2]
	}
	for _, g := range shown {
		rows.WriteString(describeRegion(g))
	}
	if more := len(r.Regions) - len(shown); more > 0 {
		fmt.Fprintf(&rows, "and %d more\n", more)
	}
	for _, warning := range r.Warnings {
		fmt.Fprintf(&rows, "warning: %s\n", warning)
	}
	return rows.String()
}

func describeRegion(g Region) string {
	flags, method := "", ""
	if g.VMFlags != "" {
		flags = " [" + g.VMFlags + "]"
	}
	if g.Method == "inferred" {
		method = " (inferred)"
	}
	return fmt.Sprintf("%x-%x %s %x %x:%x %d %s%s %s%s: %s\n", g.Start, g.End, g.Perms, g.Offset,
		g.Device[0], g.Device[1], g.Inode, describeName(g.Name), flags, g.Category, method,
		describeColumns(g.Columns))
}

func describeColumns(c Columns) string {
	var shown []string
	for i, label := range names.Fields {
		if columnPlaces[i] == noPlace {
			continue
		}
		if size := *(*Size)(unsafe.Add(unsafe.Pointer(&c), columnPlaces[i])); size.Known {
			shown = append(shown, label+" "+strconv.FormatUint(size.Bytes, 10))
		}
	}
	return strings.Join(shown, ", ")
}

func describeName(name string) string {
	if n := len(name); n > 64 {
		return fmt.Sprintf("%s...%s (%d bytes)", strings.TrimSuffix(describeName(name[:24]), `"`),
			strings.TrimPrefix(describeName(name[n-24:]), `"`), n)
	}
	quoted := []byte{'"'}
	for _, c := range []byte(name) {
		switch {
		case c < ' ' || c > '~':
			quoted = fmt.Appendf(quoted, `\x%02x`, c)
		case c == '\\' || c == '"':
			quoted = append(quoted, '\\', c)
		default:
			quoted = append(quoted, c)
		}
	}
	return string(append(quoted, '"'))
}

// Exactly those code points are escaped that are harmful by Go's tables. Planes of ideographs are
// not tried.
func TestEveryCodePointInAName(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	t.Parallel()
	var maps strings.Builder
	for c := rune(0x80); c <= unicode.MaxRune; c++ {
		if planes := c < 0x20000 || c>>16 == 0xe; utf8.ValidRune(c) && planes {
			fmt.Fprintf(&maps, "%x000-%x000 r--p 0 0:0 17 /%c\n", c, c+1, c)
		}
	}
	text := reportText(t, maps.String())
	checkHarmless(t, text)
	for line := range strings.Lines(text) {
		i := strings.Index(line, ` /\u{`)
		if i < 0 {
			continue
		}
		c, err := strconv.ParseInt(strings.TrimSuffix(line[i+5:], "}\n"), 16, 32)
		if err != nil || !isHarmful(rune(c)) {
			t.Errorf("%q is escaped", line)
		}
	}
}

// hostileName is a file name that attacks terminals.
const hostileName = "\x1b[2J\n\u202egpj\xff\u2028\U000e0041"

// A program that maps such a file has the name in its report.
func TestHostileNamesInTheAnswer(t *testing.T) {
	path := filepath.Join(t.TempDir(), hostileName)
	if err := os.WriteFile(path, make([]byte, 64*kib), 0o600); err != nil {
		t.Skip(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	memory, err := unix.Mmap(int(f.Fd()), 0, 64*kib, unix.PROT_READ, unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(memory)
	for i := 0; i < len(memory); i += 512 {
		touched += memory[i]
	}
	w := ask(mustNew(t), "GET", "/debug/memory?top=all")
	checkReport(t, w.Code, w.Body.String())
	checkHarmless(t, w.Body.String())
	if shown := `/\x1b[2J\012\u{202e}gpj\xff\u{2028}\u{e0041}`; !strings.Contains(w.Body.String(), shown+"\n") {
		t.Errorf("the answer has no %s", shown)
	}
}

var touched byte

// Echoed parts of requests and inputs are harmless, too.
func TestHostileNamesInErrors(t *testing.T) {
	for _, text := range []string{
		hostileName + "\n",
		"00400000-0040b000 " + hostileName + "\n",
		header + "Rss: " + hostileName + "\n",
		header + "VmFlags: " + hostileName + "\n",
		header + hostileName + "\n",
	} {
		_, err := Parse(strings.NewReader(text))
		if err == nil {
			t.Errorf("%q is read", text)
			continue
		}
		checkHarmless(t, err.Error())
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q is more than one line", err)
		}
	}
	a := mustNew(t, WithHosts("debug.example"))
	for _, target := range []string{
		"/?top=" + url.QueryEscape(hostileName),
		"/?sort=" + url.QueryEscape(hostileName),
		"/?%zz" + url.PathEscape(hostileName),
	} {
		w := ask(a, "GET", "http://127.0.0.1"+target)
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s is answered %d", target, w.Code)
		}
		checkHarmless(t, w.Body.String())
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Host = hostileName
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	if w.Code != http.StatusForbidden {
		t.Errorf("the host is answered %d", w.Code)
	}
	checkHarmless(t, w.Body.String())
}

// checkHarmless fails unless a text is UTF-8 of printable characters and newlines.
func checkHarmless(t *testing.T, text string) {
	t.Helper()
	if i := strings.IndexFunc(strings.ReplaceAll(text, "\n", " "), isHarmful); i >= 0 || !utf8.ValidString(text) {
		t.Errorf("%.40q is harmful, or no UTF-8: in %.400q", text[max(i, 0):], text)
	}
}

func isHarmful(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Bidi_Control,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Noncharacter_Code_Point)
}
