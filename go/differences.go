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

// answerDifferences makes two readings, q.wait apart. The cost is that of both.
func (a *Analyzer) answerDifferences(ctx context.Context, q query) (answer, error) {
	o := q.read
	o.compared = !o.callStacks // a profile compares by itself
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
	return newAnswer(now.WriteDifferences(before.reading, a.rendering(q, both)), both.cost, 0, now, before)
}
