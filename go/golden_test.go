package memanalyzer

import (
	"strings"
	"testing"

	"example.com/memanalyzer/csrc/core"
)

// A goldenCase is a line of testdata/golden/cases.tsv.
type goldenCase struct {
	name, input string
	query       query
}

func goldenCases(t *testing.T) []goldenCase {
	t.Helper()
	var cases []goldenCase
	for _, f := range goldenFields(t, "cases.tsv") {
		q, wrong := parseQuery(map[string][]string{"top": {f[2]}, "sort": {f[3]}, "unit": {f[4]}, "format": {f[5]}})
		if wrong != nil {
			t.Fatalf("cases.tsv: %q: %s", f, wrong.message)
		}
		cases = append(cases, goldenCase{f[0], f[1], q})
	}
	return cases
}

// goldenFields returns the six fields of each line of a table below testdata/golden.
func goldenFields(t *testing.T, table string) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(readFile(t, testdata+"golden/"+table)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 6 {
			t.Fatalf("%s: %q has %d fields, want 6", table, line, len(f))
		}
		all = append(all, f)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no cases", table)
	}
	return all
}

// The handler and the command line write the same bytes for the same input. These files are the
// command line's.
func TestGolden(t *testing.T) {
	for _, c := range goldenCases(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := parse(strings.NewReader(readFiles(t, c.input)), c.query.read)
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			want := readFile(t, testdata+"golden/"+c.name)
			for _, size := range []int{16 * kib, 4096, 7, 1} {
				if got := wholeText(r, core.OutputOptions{Format: c.query.format, Unit: c.query.unit}, size); got != want {
					t.Fatalf("in pieces of %d: %s", size, firstDifference(got, want))
				}
			}
		})
	}
}

func TestGoldenDifferences(t *testing.T) {
	for _, f := range goldenFields(t, "diffs.tsv") {
		name := f[0]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, wrong := parseQuery(map[string][]string{"top": {f[3]}, "unit": {f[4]}, "format": {f[5]}})
			if wrong != nil {
				t.Fatal(wrong.message)
			}
			q.read.compared = true
			var readings [2]timedReading
			for i, input := range f[1:3] {
				r, err := parse(strings.NewReader(readFiles(t, input)), q.read)
				if err != nil {
					t.Fatal(err)
				}
				defer r.Close()
				readings[i] = r
			}
			o := core.OutputOptions{Format: q.format, Unit: q.unit, Top: q.read.top}
			got, want := outputText(readings[1].WriteDifferences(readings[0].Report, o), 4096), readFile(t, testdata+"golden/"+name)
			if got != want {
				t.Fatal(firstDifference(got, want))
			}
		})
	}
}

// wholeText returns an output, read in pieces of at most size bytes.
func wholeText(r core.Report, f core.OutputOptions, size int) string {
	return outputText(r.Write(f), size)
}

func outputText(o core.Output, size int) string {
	defer o.Close()
	var text strings.Builder
	buf := make([]byte, size)
	for n := o.Next(buf); n > 0; n = o.Next(buf) {
		text.Write(buf[:n])
	}
	return text.String()
}
