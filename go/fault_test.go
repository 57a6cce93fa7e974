//go:build linux

package memanalyzer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"example.com/memanalyzer/csrc/core"
)

// A fault in the library, such as a panic in a build without cgo, is an error of one report.

// faulty is a library whose first report has a fault after some of its output.
type faulty struct {
	core.Library
	output int // bytes before the fault
	made   *int
}

type faultyReport struct {
	core.Report
	output  int
	faulted *bool
}

type faultyOutput struct {
	core.Output
	of faultyReport
}

var fault = core.Error{Status: uint32(number(names.Statuses, "SYSTEM")), Message: "internal error, please report it"}

func (l faulty) New(o core.Options, f core.Facts, limits core.Limits) core.Report {
	r := l.Library.New(o, f, limits)
	if *l.made++; *l.made > 1 {
		return r
	}
	return faultyReport{r, l.output, new(l.output < 0)}
}

func (r faultyReport) Fault() core.Error {
	if *r.faulted {
		return fault
	}
	return core.Error{}
}

func (r faultyReport) Write(o core.OutputOptions) core.Output {
	return faultyOutput{r.Report.Write(o), r}
}

func (o faultyOutput) Next(buf []byte) int {
	if o.of.output == 0 || *o.of.faulted {
		*o.of.faulted = true
		return 0
	}
	*o.of.faulted = true
	return o.Output.Next(buf[:o.of.output])
}

// withFault replaces the library, which all tests share, so it needs a process of its own.
func withFault(output int) {
	library = faulty{library, output, new(int)}
}

func TestAFaultIsOneErrorOfOneReport(t *testing.T) {
	for what, output := range map[string]int{"while it is read": -1, "before the first byte": 0} {
		t.Run(what, func(t *testing.T) {
			alone(t, func() {
				withFault(output)
				a := mustNew(t)
				w := ask(a, "GET", "/")
				if w.Code != http.StatusInternalServerError || w.Body.String() != fault.Message+"\n" {
					t.Errorf("%d %q, want the fault", w.Code, w.Body)
				}
				if w := ask(a, "GET", "/"); w.Code != http.StatusOK {
					t.Errorf("the next report: %d %q", w.Code, w.Body)
				}
			})
		})
	}
	t.Run("Read", func(t *testing.T) {
		alone(t, func() {
			withFault(-1)
			var source *SourceError
			if _, err := Read(t.Context()); !errors.As(err, &source) || source.Kind != nil || source.Message != fault.Message {
				t.Errorf("%v, want the fault", err)
			}
			if _, err := Read(t.Context()); err != nil {
				t.Error(err)
			}
		})
	})
}

// A reading that fails when it is kept already is its callers' error.
func TestAKeptReadingWithAFault(t *testing.T) {
	k := newKeeper()
	k.read = func(ctx context.Context, o readOptions) (timedReading, error) {
		r, err := readSelf(ctx, o)
		r.Report = faultyReport{r.Report, 0, new(true)}
		return r, err
	}
	for range 2 {
		if s, err := k.take(t.Context(), readOptions{}); s != nil || err == nil || !strings.Contains(err.Error(), fault.Message) {
			t.Errorf("%v, %v; want the fault", s, err)
		}
	}
	if open := k.open.Load(); open != 0 {
		t.Errorf("%d readings are open", open)
	}
}

func TestAnAnswerWithAFaultIsCutOff(t *testing.T) {
	alone(t, func() {
		withFault(100)
		response, err := http.Get(newServer(t, mustNew(t)))
		if errors.Is(err, io.EOF) {
			return // not even the header has arrived
		}
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if text, err := io.ReadAll(response.Body); err == nil {
			t.Errorf("%d bytes arrive without an error", len(text))
		}
	})
}
