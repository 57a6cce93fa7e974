package memanalyzer

import (
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"example.com/memanalyzer/csrc/core"
)

// Read returns where the memory of this process is. It always reads, unlike [Analyzer.Report].
// ctx can only prevent the reading: one that has begun is finished, because the kernel does not
// interrupt it. The error is [ErrUnsupported] if the system has no source, a
// [*SourceError] with the file and the reason, or that of ctx.
func Read(ctx context.Context, options ...ReadOption) (*Report, error) {
	return read(ctx, readSelf, options)
}

// ReadProcess returns where the memory of the process pid is, as far as its smaps, its
// executable and its threads tell. Only a Go process itself knows the parts of its heap, so they
// are missing. ctx can only prevent the reading, as with [Read]. The error is [ErrPID],
// [ErrUnsupported], that of ctx, or a [*SourceError] of the Kind [ErrNoProcess], [ErrEnded],
// [ErrReplaced], [ErrZombie], [ErrKernelThread], [ErrNotPermitted], [ErrProtected], [ErrNoProc],
// [ErrNoMemory], or nil if its Err says everything.
func ReadProcess(ctx context.Context, pid int, options ...ReadOption) (*Report, error) {
	if pid < 1 {
		return nil, fmt.Errorf("%w, not %d", ErrPID, pid)
	}
	from := func(ctx context.Context, o readOptions) (timedReading, error) {
		collect := func(r reading) error { return r.collect(uint64(pid)) }
		return finish(ctx, time.Now(), o, collect, noFacts)
	}
	return read(ctx, from, options)
}

// Parse returns the report of a saved smaps, maps or smaps_rollup. If the text begins with what
// the process knew of itself (SAVED CAPTURES in the manual of the command line), the report has
// the proofs and parts that the process's own report had. The error is a [*ParseError] with line
// and column, or that of r.
func Parse(r io.Reader, options ...ReadOption) (*Report, error) {
	from := func(ctx context.Context, o readOptions) (timedReading, error) { return parse(r, o) }
	report, err := read(context.Background(), from, options)
	if err == nil {
		report.Source = SourceFile
	}
	return report, err
}

// A timedReading is a finished reading.
type timedReading struct {
	reading
	began  time.Time
	cost   time.Duration // without the wait for other readings
	stacks callStacks    // if readOptions asked for them
}

// age is the time since the end of the reading.
func (r timedReading) age() time.Duration { return max(time.Since(r.began.Add(r.cost)), 0) }

// origin says that this process was read, and when.
func (r timedReading) origin() core.Origin {
	return core.Origin{
		Kind: fromProcess, PID: uint64(os.Getpid()),
		Began: uint64(r.began.UnixNano()), Cost: uint64(r.cost), Age: uint64(r.age()),
	}
}

const fromProcess = 1 // MEMA_ORIGIN_PROCESS

func (r timedReading) report(o readOptions) *Report {
	report := buildReport(r, o)
	report.Time, report.Cost = r.began, r.cost
	return report
}

func read(ctx context.Context, from func(context.Context, readOptions) (timedReading, error), options []ReadOption) (*Report, error) {
	o, err := newReadOptions(options)
	if err != nil {
		return nil, err
	}
	r, err := from(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	report := r.report(o)
	if err := r.fault(); err != nil {
		return nil, err
	}
	return report, nil
}

// readSelf reads this process; the caller closes the reading.
func readSelf(ctx context.Context, o readOptions) (timedReading, error) {
	began := time.Now()
	malloc, end := mallocTurn(o.withoutMalloc)
	defer end()
	anchor := newAnchor()
	defer runtime.KeepAlive(anchor) // the core looks for the heap around it
	o.facts = readFacts(malloc, anchor)
	o.limits = readSettings()
	collect := func(r reading) error { return r.collect(0) }
	after := func() *core.Facts { f := readFacts(malloc, anchor); return &f }
	r, err := finish(ctx, began, o, collect, after)
	if err == nil && o.callStacks {
		r.stacks = readCallStacks()
		r.cost = time.Since(began)
	}
	return r, err
}

// parse reads a text; the caller closes the reading.
func parse(text io.Reader, o readOptions) (timedReading, error) {
	collect := func(r reading) error { return feed(r, text) }
	return finish(context.Background(), time.Now(), o, collect, noFacts)
}

// noFacts is for readings of other processes, and of texts, which may have facts of their own.
func noFacts() *core.Facts { return nil }

// finish makes a reading: collect adds the mappings, and after returns the facts as they are
// then. If ctx is done, it makes none.
func finish(ctx context.Context, began time.Time, o readOptions, collect func(reading) error, after func() *core.Facts) (timedReading, error) {
	if err := ctx.Err(); err != nil {
		return timedReading{}, err
	}
	r, err := newReading(o)
	if err != nil {
		return timedReading{}, err
	}
	if err := collect(r); err != nil {
		r.Close()
		return timedReading{}, err
	}
	r.Finish(after())
	if err := r.fault(); err != nil {
		r.Close()
		return timedReading{}, err
	}
	return timedReading{reading: r, began: began, cost: time.Since(began)}, nil
}

// emptyReadsMax is how often a reader may return neither bytes nor an error, as in package bufio.
const emptyReadsMax = 100

func feed(r reading, text io.Reader) error {
	buf := make([]byte, 32<<10)
	for empty := 0; empty < emptyReadsMax; empty++ {
		n, err := text.Read(buf)
		if n > 0 {
			empty = 0
			if err := r.feed(buf[:n]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF: // not errors.Is: a failure that wraps io.EOF is no end of the text
			return r.feed(nil)
		default:
			return err
		}
	}
	return io.ErrNoProgress
}
