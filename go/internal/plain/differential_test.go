//go:build cgo && !memanalyzer_nocgo

package plain

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/memanalyzer/csrc"
	"example.com/memanalyzer/csrc/core"
)

// Both forms of the library make the same bytes of the same text.

type input struct {
	path string
	text []byte
}

// texts are all that the tests have: captures, rules, hostile input, and the corpus if it is there.
func texts(t *testing.T) (all []input) {
	t.Helper()
	for _, folder := range []string{root + "testdata", root + "../shared/corpus", root + "../shared/captures", root + "../shared/reports"} {
		if _, err := os.Stat(folder); err != nil {
			t.Logf("skipped: %s is not here", folder)
			continue
		}
		err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || strings.Contains(path, "/golden/") {
				return err
			}
			text, err := os.ReadFile(path)
			all = append(all, input{path, text})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(all) < 100 {
		t.Fatalf("there are only %d texts", len(all))
	}
	return all
}

// outcome is all that a library says of a text that comes in pieces: the error, or the results, and
// the report in every format.
func outcome(library core.Library, pieces [][]byte, o core.Options) string {
	r := library.New(o, core.Facts{}, core.Limits{})
	defer r.Close()
	for _, piece := range append(pieces, nil) {
		if e := r.Feed(piece); e.Status != core.OK {
			return fmt.Sprintf("%+v", e)
		}
	}
	r.Finish(nil)
	var out strings.Builder
	fmt.Fprintf(&out, "%+v %+v %d\n", *r.Results(), r.Limits(), r.Rows(o.Sort))
	for i := range min(r.Rows(o.Sort), 5) {
		fmt.Fprintf(&out, "%+v\n", r.Row(o.Sort, i))
	}
	for i := range min(r.Results().NameCount, 5) {
		fmt.Fprintf(&out, "%+v\n", r.Name(i))
	}
	for format := range uint32(4) {
		out.WriteString(render(r, core.OutputOptions{Format: format, Unit: 3, Top: 20}))
	}
	if fault := r.Fault(); fault.Status != core.OK {
		fmt.Fprintf(&out, "%+v\n", fault)
	}
	return out.String()
}

// same fails the test if the forms differ.
func same(t *testing.T, what string, pieces [][]byte, o core.Options) {
	t.Helper()
	c, plain := outcome(csrc.Library{}, pieces, o), outcome(Library{}, pieces, o)
	if c == plain {
		return
	}
	at := 0
	for at < min(len(c), len(plain)) && c[at] == plain[at] {
		at++
	}
	from := max(at-100, 0)
	t.Errorf("%s: from byte %d on, C has %q, plain Go %q", what, at, c[from:min(at+100, len(c))], plain[from:min(at+100, len(plain))])
}

func TestBothFormsMakeTheSameReport(t *testing.T) {
	for _, in := range texts(t) {
		t.Run(strings.TrimPrefix(in.path, root), func(t *testing.T) {
			t.Parallel()
			for what, o := range map[string]core.Options{
				"top 20": {Top: 20}, "every row by name": {Top: everyRow, Sort: 7}, "every order": {Top: 3, EverySort: true},
			} {
				same(t, what, [][]byte{in.text}, o)
			}
		})
	}
}

// Both read the same of a process that does nothing: also its program, its threads and its limits, as far as
// these stay the same.
func TestBothFormsReadTheSameProcess(t *testing.T) {
	if !hasSource {
		t.Skip("this system has no source")
	}
	program := exec.CommandContext(t.Context(), "sleep", "60")
	if err := program.Start(); err != nil {
		t.Skipf("there is no sleep here: %v", err)
	}
	defer program.Wait()
	defer program.Process.Kill()
	pid := uint64(program.Process.Pid)
	for source := range uint32(3) {
		began := time.Now()
		read := func(library core.Library) (text string) {
			r := library.New(core.Options{Top: everyRow, Source: source}, core.Facts{}, core.Limits{})
			defer r.Close()
			if e := r.Collect(pid); e.Status != core.OK {
				return e.Message
			}
			r.Finish(nil)
			for i := range r.Rows(0) {
				text += fmt.Sprintf("%+v\n", r.Row(0, i))
			}
			for i := uint32(0); r.Warning(i) != ""; i++ {
				text += r.Warning(i) + "\n"
			}
			return text + fmt.Sprintf("%+v %x", *r.Results(), r.Limits().Known)
		}
		c, plain := "", "-"
		for (c != plain || !strings.Contains(c, "libc")) && time.Since(began) < 10*time.Second { // sleep can still be starting
			c, plain = read(csrc.Library{}), read(Library{})
		}
		if c != plain {
			t.Errorf("source %d: C has\n%s\nplain Go\n%s", source, c, plain)
		}
		if !strings.Contains(c, "libc") {
			t.Errorf("source %d: %s", source, c)
		}
	}
	program.Process.Kill()
	program.Wait()
	errors := map[string]bool{}
	for _, library := range []core.Library{csrc.Library{}, Library{}} {
		r := library.New(core.Options{}, core.Facts{}, core.Limits{})
		errors[fmt.Sprintf("%+v", r.Collect(pid))] = true
		r.Close()
	}
	if len(errors) != 1 {
		t.Errorf("after its end: %v", errors)
	}
}

// A difference needs two reports in one memory.
func TestBothFormsMakeTheSameDifferences(t *testing.T) {
	var previous []byte
	differences := func(library core.Library, before, now []byte) (text string) {
		var reports [2]core.Report
		for i, input := range [][]byte{before, now} {
			reports[i] = library.New(core.Options{ForDiff: true}, core.Facts{}, core.Limits{})
			defer reports[i].Close()
			if e := reports[i].Feed(input); e.Status != core.OK {
				return e.Message
			}
			if e := reports[i].Feed(nil); e.Status != core.OK {
				return e.Message
			}
			reports[i].Finish(nil)
		}
		for format := range uint32(2) {
			w := reports[1].WriteDifferences(reports[0], core.OutputOptions{Format: format, Top: everyRow})
			buf := make([]byte, 4096)
			for n := w.Next(buf); n > 0; n = w.Next(buf) {
				text += string(buf[:n])
			}
			w.Close()
		}
		return text
	}
	for _, in := range texts(t) {
		if c, plain := differences(csrc.Library{}, previous, in.text), differences(Library{}, previous, in.text); c != plain {
			t.Errorf("%s and the text before: C has %q, plain Go %q", in.path, c, plain)
		}
		previous = in.text
	}
}

// mutate changes a few bytes or lines.
func mutate(r *rand.Rand, text []byte) []byte {
	text = bytes.Clone(text)
	for range 1 + r.IntN(4) {
		if len(text) == 0 {
			return text
		}
		at := r.IntN(len(text))
		end := at + r.IntN(min(200, len(text)-at)+1)
		switch r.IntN(6) {
		case 0:
			text[at] ^= 1 << r.IntN(8)
		case 1:
			text[at] = "0123456789abcdef -:\n\t\r[]/"[r.IntN(25)]
		case 2: // without a piece
			text = append(text[:at], text[end:]...)
		case 3: // a piece twice
			text = append(text[:end:end], text[at:]...)
		case 4: // a number that is long
			text = append(text[:at:at], append([]byte(fmt.Sprint(r.Uint64())), text[at:]...)...)
		case 5: // cut off
			text = text[:at]
		}
	}
	return text
}

// cut cuts a text at random places.
func cut(r *rand.Rand, text []byte) (pieces [][]byte) {
	for len(text) > 0 {
		n := 1 + r.IntN(len(text))
		pieces = append(pieces, text[:n])
		text = text[n:]
	}
	return pieces
}

func TestBothFormsMakeTheSameOfMutations(t *testing.T) {
	var inputs [][]byte
	for _, in := range texts(t) {
		if len(in.text) > 0 && len(in.text) < 32<<10 {
			inputs = append(inputs, in.text)
		}
	}
	count := 100000
	if testing.Short() {
		count = 5000
	}
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		group.Go(func() {
			for i := worker; i < count && !t.Failed(); i += workers {
				r := rand.New(rand.NewPCG(7, uint64(i)))
				text := mutate(r, inputs[r.IntN(len(inputs))])
				o := core.Options{Top: r.Uint64N(30), Sort: r.Uint32N(8), EverySort: r.IntN(4) == 0}
				same(t, fmt.Sprintf("mutation %d: %q", i, text[:min(len(text), 2000)]), cut(r, text), o)
			}
		})
	}
	group.Wait()
}
