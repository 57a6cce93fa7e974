package memanalyzer

import (
	"context"
	"time"
)

// What changes while a request waits, as with net/http/pprof's seconds.

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// readDifferences makes two readings, q.wait apart, and begins the output of what changed.
// The cost is that of both.
func (a *Analyzer) readDifferences(ctx context.Context, q query) (timedReading, error) {
	o := q.read
	o.compared = !o.callStacks // a profile compares by itself
	before, err := a.readSelf(ctx, o)
	if err != nil {
		return timedReading{}, err
	}
	wait := sleep
	if a.wait != nil {
		wait = a.wait
	}
	if err := wait(ctx, q.wait); err != nil {
		before.Close()
		return timedReading{}, err
	}
	now, err := a.readSelf(ctx, o)
	if err != nil {
		before.Close()
		return timedReading{}, err
	}
	now.cost += before.cost
	if o.callStacks {
		return now.profile(&before, a.hideAddresses)
	}
	now.reading = differences{now.reading, before}
	if !now.RenderDifferences(before.reading, a.rendering(q, now)) {
		now.Close()
		return timedReading{}, &SourceError{"no memory for the differences", ErrNoMemory, nil}
	}
	return now, nil
}

// differences is the later of two readings, and closes both.
type differences struct {
	reading
	before timedReading
}

func (d differences) Close() {
	d.reading.Close()
	d.before.Close()
}
