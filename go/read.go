package memanalyzer

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"time"
)

// All, for [Top], keeps every resident region.
const All = -1

type readOptions struct {
	facts         facts
	top, sort     uint64
	everySort     bool   // as many as top in each order
	source        uint64 // of names.sources
	rssOnly       bool   // all that is wanted, where source is auto
	keepText      bool   // for format=smaps
	compared      bool   // for WriteDifferences: all regions, whatever top and sort are
	callStacks    bool   // for a profile
	second        bool   // of two that are compared
	fresh         bool   // of now
	collectFirst  bool   // garbage
	withoutMalloc bool   // asks malloc nothing
}

// A ReadOption says which regions a [Report] lists.
type ReadOption func(*readOptions) error

// Top keeps the first n regions, or [All] of them; without it they are 100.
func Top(n int) ReadOption {
	return func(o *readOptions) error {
		switch {
		case n == All:
			o.top = math.MaxUint64
		case n < 0:
			return fmt.Errorf("memanalyzer: Top wants a number from 0, or All; not %d", n)
		default:
			o.top = uint64(n)
		}
		return nil
	}
}

// Sort orders the regions by rss (without it), pss, private, dirty, swap, size,
// address or name; the largest is first.
func Sort(key string) ReadOption {
	return func(o *readOptions) error {
		i := number(names.sorts, key)
		if i < 0 {
			return fmt.Errorf("memanalyzer: Sort wants one of %v, not %q", names.sorts, key)
		}
		o.sort = uint64(i)
		return nil
	}
}

// Source says what is read: smaps (without it, and auto), or scan: maps and
// PAGEMAP_SCAN of Linux 6.7, at a fifth of the kernel's cost, for sizes and RSS only. Where there
// is no scan, smaps is read all the same, with a warning.
func Source(name string) ReadOption {
	return func(o *readOptions) error {
		i := number(names.sources, name)
		if i < 0 {
			return fmt.Errorf("memanalyzer: Source wants one of %v, not %q", names.sources, name)
		}
		o.source = uint64(i)
		return nil
	}
}

// Read returns where the memory of this process is, now: it always reads. The error is
// [ErrUnsupported] where the system or the build has no source, a [*SourceError]
// that names the file and the reason, or that of the context.
func Read(ctx context.Context, options ...ReadOption) (*Report, error) {
	return read(ctx, readSelf, options)
}

// ReadProcess returns where the memory of the process pid is, now, as far as its
// smaps, its program's file and its threads tell: nobody but a Go process itself
// can tell its heap's parts. The error is [ErrPID], [ErrUnsupported], that of the context, or a [*SourceError], whose
// Kind is [ErrNoProcess], [ErrEnded], [ErrReplaced], [ErrZombie],
// [ErrKernelThread], [ErrNotPermitted], [ErrProtected], [ErrNoProc],
// [ErrNoMemory], or nil where Err says it all.
func ReadProcess(ctx context.Context, pid int, options ...ReadOption) (*Report, error) {
	if pid < 1 {
		return nil, fmt.Errorf("%w, not %d", ErrPID, pid)
	}
	from := func(ctx context.Context, o readOptions) (timedReading, error) {
		take := func(r reading) error { return r.Collect(uint64(pid)) }
		return finish(ctx, time.Now(), o, take, o.facts.words)
	}
	return read(ctx, from, options)
}

// Parse returns the report of a saved smaps, maps or smaps_rollup. Where lines
// before the first mapping say what the process knew of itself (SAVED CAPTURES in
// the manual of the command line), it has the proofs and parts of the process's own
// report. The error is a [*ParseError] with line and column, or that of r.
func Parse(r io.Reader, options ...ReadOption) (*Report, error) {
	from := func(ctx context.Context, o readOptions) (timedReading, error) { return parse(r, o) }
	report, err := read(context.Background(), from, options)
	if err == nil {
		report.Source = "file"
	}
	return report, err
}

// timedReading is a finished reading: when it began, and how long it took without
// the wait for others.
type timedReading struct {
	reading
	began  time.Time
	cost   time.Duration
	stacks callStacks // where they are asked for
}

// age is how long ago a reading ended.
func (r timedReading) age() time.Duration { return max(time.Since(r.began.Add(r.cost)), 0) }

// origin returns the struct mema_origin of a reading of this process.
func (r timedReading) origin() []uint64 {
	const fromProcess = 1
	return []uint64{fromProcess, uint64(os.Getpid()), uint64(r.began.UnixNano()), uint64(r.cost), uint64(r.age())}
}

func (r timedReading) report(o readOptions) *Report {
	report := decodeReport(r, o)
	report.Time, report.Cost = r.began, r.cost
	return report
}

func readOptionsOf(options []ReadOption) (readOptions, error) {
	o := readOptions{top: 100}
	for _, option := range options {
		if names.sorts == nil {
			return o, ErrUnsupported
		}
		if err := option(&o); err != nil {
			return o, err
		}
	}
	return o, nil
}

func read(ctx context.Context, from func(context.Context, readOptions) (timedReading, error), options []ReadOption) (*Report, error) {
	o, err := readOptionsOf(options)
	if err != nil {
		return nil, err
	}
	r, err := from(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.report(o), nil
}

// readSelf returns a finished reading of this process, which the caller closes.
func readSelf(ctx context.Context, o readOptions) (timedReading, error) {
	began := time.Now()
	malloc, end := mallocTurn(o.withoutMalloc)
	defer end()
	o.facts = readFacts(malloc)
	o.facts.limits = readSettings()
	take := func(r reading) error { return r.Collect(0) }
	r, err := finish(ctx, began, o, take, func() []uint64 { return readFacts(malloc).words() })
	if err == nil && o.callStacks {
		r.stacks = readCallStacks()
		r.cost = time.Since(began)
	}
	return r, err
}

// parse returns a finished reading of a text, which the caller closes.
func parse(text io.Reader, o readOptions) (timedReading, error) {
	take := func(r reading) error { return feed(r, text) }
	return finish(context.Background(), time.Now(), o, take, o.facts.words)
}

// finish makes a reading, unless ctx is done: takes its regions, then what the
// runtime says after.
func finish(ctx context.Context, began time.Time, o readOptions, take func(reading) error, after func() []uint64) (timedReading, error) {
	if err := ctx.Err(); err != nil {
		return timedReading{}, err
	}
	r, err := newReading(o)
	if err != nil {
		return timedReading{}, err
	}
	if err := take(r); err != nil {
		r.Close()
		return timedReading{}, err
	}
	r.Finish(after())
	return timedReading{reading: r, began: began, cost: time.Since(began)}, nil
}

func feed(r reading, text io.Reader) error {
	buf := make([]byte, 32<<10)
	for empty := 0; empty < 100; empty++ {
		n, err := text.Read(buf)
		if n > 0 {
			empty = 0
			if err := r.Feed(buf[:n]); err != nil {
				return err
			}
		}
		switch err {
		case nil:
		case io.EOF: // itself: a reader that failed can have wrapped one
			return r.Feed(nil)
		default:
			return err
		}
	}
	return io.ErrNoProgress
}
