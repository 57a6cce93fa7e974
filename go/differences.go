package memanalyzer

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// What changes while a request waits, as with net/http/pprof's seconds.

// Requests that may wait at a time: each holds a reading with all its regions.
const waitersMax = 8

var errWaiters = errors.New("too many requests wait for a second reading")

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

// extendDeadline gives an answer the time that it waits beside what the server allows.
func extendDeadline(w http.ResponseWriter, r *http.Request, d time.Duration) {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if ok && server.WriteTimeout > 0 {
		// Where it cannot be extended, the answer is late.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(server.WriteTimeout + d))
	}
}

// readDifferences makes two readings, q.wait apart, and begins the output of what changed.
// The cost is that of both.
func (a *Analyzer) readDifferences(ctx context.Context, q query) (timedReading, error) {
	if a.waiting.Add(1) > waitersMax {
		a.waiting.Add(-1)
		return timedReading{}, errWaiters
	}
	defer a.waiting.Add(-1)
	o := q.read
	o.compared = true
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
	now.reading = differences{now.reading, before.reading}
	if !now.RenderDifferences(before.reading, a.rendering(q, now)) {
		now.Close()
		return timedReading{}, &SourceError{"no memory for the differences", ErrNoMemory, nil}
	}
	return now, nil
}

// differences is the later of two readings, and closes both.
type differences struct {
	reading
	before reading
}

func (d differences) Close() {
	d.reading.Close()
	d.before.Close()
}
