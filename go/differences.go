package memanalyzer

import (
	"context"
	"time"
)

// seconds=N: what changes while a request waits, as with net/http/pprof.

// answerDifferences compares two readings, q.wait apart. The cost is the sum of theirs.
func (a *Analyzer) answerDifferences(ctx context.Context, q query) (answer, error) {
	o := q.read
	o.compared = !o.callStacks // a profile is compared in pprof.go
	before, err := a.take(ctx, o)
	if err != nil {
		return answer{}, err
	}
	wait := sleep
	if a.wait != nil {
		wait = a.wait
	}
	if err := wait(ctx, q.wait); err != nil {
		before.Close()
		return answer{}, err
	}
	o.second = true
	now, err := a.take(ctx, o)
	if err != nil {
		before.Close()
		return answer{}, err
	}
	if o.callStacks {
		return a.answerProfile(q, now, before)
	}
	both := now.timedReading
	both.cost += before.cost
	return newAnswer(now.WriteDifferences(before.Report, a.rendering(q, both)), both.cost, 0, now, before)
}

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
