package memanalyzer

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// How often a process reads itself, whoever asks: reading takes at most a hundredth of
// the time, is done once at a time, and who asks meanwhile gets the last reading.

// After a reading that took t there is none for restTimes t, nor, of those that have to be
// of now, for freshRest and freshTimes t; for restMax at the most.
const (
	restTimes  = 100
	restMax    = time.Minute
	freshTimes = 10
	freshRest  = time.Second
)

// For how long a reading that may be again is left to who was refused one of his own: he was
// told whole seconds.
const reservedFor = 2 * time.Second

// How long a reading may take, with the wait for its turn, while anybody waits for it.
const readBound = time.Minute

// How many regions a reading that is kept has in each order.
const keptTop = 100

// How many such readings there can be at a time: the last, those that slow clients have
// not yet got in full, and one that is made. Each holds some 150 kB, and a megabyte where
// there are a thousand names of memory.
const keptMax = 16

// A BudgetError says that a reading of its own would have the process read itself for more
// than a hundredth of the time, and for how long.
type BudgetError struct{ Wait time.Duration }

func (e *BudgetError) Error() string {
	return fmt.Sprintf("memanalyzer: reading takes at most 1%% of the time: ask again in %d s", e.seconds())
}

func (e *BudgetError) seconds() int64 { return int64((e.Wait + time.Second - 1) / time.Second) }

// The kinds of readings that are kept: one of all fields, and a scan.
const (
	bySmaps = iota
	byScan
	kinds
)

const autoSource = 0 // of names.sources

func (o readOptions) kind() int {
	if o.source == autoSource && o.rssOnly || o.source == uint64(number(names.sources, "scan")) {
		return byScan
	}
	return bySmaps
}

// isLarge says whether nobody else can be answered with the reading.
func (o readOptions) isLarge() bool { return o.top > keptTop || o.keepText || o.compared }

// isOwn says whether no reading will do that was begun before.
func (o readOptions) isOwn() bool { return o.isLarge() || o.collectFirst || o.fresh }

// A shared reading is closed when each who holds it has closed it.
type shared struct {
	timedReading
	keeper  *keeper
	isLarge bool
	holders atomic.Int32
}

func (s *shared) hold() *shared {
	s.holders.Add(1)
	return s
}

func (s *shared) Close() {
	if s.holders.Add(-1) > 0 {
		return
	}
	s.timedReading.Close()
	s.keeper.open.Add(-1)
	if !s.isLarge {
		s.keeper.small.Add(-1)
	}
}

// A flight is a reading that is made.
type flight struct {
	ctx     context.Context // until it has landed, its deadline, or nobody waits
	cancel  context.CancelFunc
	waiting int32
	landed  bool // there is a result, which each who waits holds, or err
	result  *shared
	err     error
}

// A keeper makes the readings of a process, and keeps the last of each kind.
type keeper struct {
	turn        chan struct{} // holds a token while a reading is made
	open, small atomic.Int32  // readings that are not closed; those that can be kept
	large       atomic.Int32  // large answers that are under way

	mu              sync.Mutex
	kept            [kinds]*shared // nil: none yet
	failure         [kinds]error   // of the last that was to be kept; nil: none
	common          [kinds]*flight // for whoever comes; nil: none
	next, nextFresh time.Time
	reserved        time.Time // until then the next one is for who was refused one of his own
	freshMade       bool      // since the last of those there was a fresh one

	// Tests have others.
	read func(context.Context, readOptions) (timedReading, error)
	rest func(took time.Duration) (next, nextFresh time.Duration)
}

// process is the keeper of all Analyzers.
var process = newKeeper()

func newKeeper() *keeper {
	return &keeper{turn: make(chan struct{}, 1), read: readSelf, rest: restAfter}
}

func restAfter(took time.Duration) (next, nextFresh time.Duration) {
	return restTimes * took, max(freshRest, freshTimes*took)
}

// take returns a reading that answers o, which the caller closes: the last one, or a new
// one where that may be, or has to be. The error is a [*BudgetError], that of ctx, or the
// reading's.
func (k *keeper) take(ctx context.Context, o readOptions) (*shared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	kept, f, err := k.join(o)
	if f == nil {
		return kept, err
	}
	select {
	case <-f.ctx.Done():
	case <-ctx.Done():
	}
	return k.leave(ctx, f, o)
}

// join returns the last reading, or a flight to wait for.
func (k *keeper) join(o readOptions) (*shared, *flight, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case o.isOwn():
		if wait := k.wait(o); wait > 0 {
			return nil, nil, k.refuse(o, wait)
		}
	case k.common[o.kind()] != nil:
		f := k.common[o.kind()]
		f.waiting++
		return nil, f, nil
	case k.isRecent(o) && (len(k.turn) > 0 || k.wait(o) > 0):
		return k.last(o).hold(), nil, nil
	case k.failure[o.kind()] != nil && k.wait(o) > 0:
		return nil, nil, k.failure[o.kind()]
	}
	f := &flight{waiting: 1}
	f.ctx, f.cancel = context.WithTimeout(context.Background(), readBound)
	if !o.isOwn() {
		k.common[o.kind()] = f
	}
	go k.fly(f, o)
	return nil, f, nil
}

// last returns the newest reading that answers o; nil: there is none.
func (k *keeper) last(o readOptions) *shared {
	s, other := k.kept[o.kind()], k.kept[bySmaps]
	if o.source == autoSource && other != nil && (s == nil || other.began.After(s.began)) {
		return other
	}
	return s
}

// isRecent says whether the last reading is of the last minute. An older one is not given: a
// new one is made though the budget is spent, by readings of another kind, and the next
// have to wait for longer.
func (k *keeper) isRecent(o readOptions) bool {
	s := k.last(o)
	return s != nil && s.age() < restMax
}

// wait returns for how long there is no such reading.
func (k *keeper) wait(o readOptions) time.Duration {
	next := k.next
	switch {
	case o.second:
		return 0
	case !o.isLarge() && k.small.Load() >= keptMax:
		return time.Second
	case time.Now().Before(k.reserved) && (!o.isOwn() || o.fresh && k.freshMade):
		next = k.reserved
	case o.fresh && k.nextFresh.Before(next):
		next = k.nextFresh
	}
	return time.Until(next)
}

// refuse returns the error of who comes too early for a reading of his own. Those who come more
// often would have the next one each time, and fresh ones put it off without end.
func (k *keeper) refuse(o readOptions, wait time.Duration) error {
	if !o.fresh {
		k.reserved = k.next.Add(reservedFor)
	}
	if err := k.failure[o.kind()]; err != nil {
		return err // which says more
	}
	return &BudgetError{wait}
}

// leave takes one who waits from a flight. Where he was the last, and the reading is not yet
// begun, there is none. Who has waited for too long gets the last reading, whatever its age.
func (k *keeper) leave(ctx context.Context, f *flight, o readOptions) (*shared, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.landed {
		return f.result, f.err
	}
	if f.waiting--; f.waiting == 0 {
		f.cancel()
		if k.common[o.kind()] == f {
			k.common[o.kind()] = nil
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s := k.last(o); s != nil && !o.isOwn() {
		return s.hold(), nil
	}
	return nil, f.ctx.Err()
}

// fly waits for the turn, and makes a reading where that may still be.
func (k *keeper) fly(f *flight, o readOptions) {
	defer f.cancel()
	select {
	case k.turn <- struct{}{}:
	case <-f.ctx.Done():
		return
	}
	if k.isTooSoon(f, o) {
		return
	}
	began := time.Now()
	s, err := k.make(f.ctx, o)
	took := time.Since(began)

	k.mu.Lock()
	defer k.mu.Unlock()
	k.spend(o, took)
	if !o.isLarge() && f.ctx.Err() == nil {
		k.failure[o.kind()] = err
	}
	<-k.turn
	k.land(f, o, s, err)
	if s != nil && !s.isLarge {
		s, k.kept[o.kind()] = k.kept[o.kind()], s
	}
	if s != nil {
		s.Close()
	}
}

// isTooSoon ends a flight where others have read while it waited for its turn.
func (k *keeper) isTooSoon(f *flight, o readOptions) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	wait := k.wait(o)
	if wait <= 0 || !o.isOwn() && !k.isRecent(o) {
		return false
	}
	<-k.turn
	if o.isOwn() {
		k.land(f, o, nil, k.refuse(o, wait))
	} else {
		k.land(f, o, k.last(o), nil)
	}
	return true
}

// make returns a reading, which the caller closes.
func (k *keeper) make(ctx context.Context, o readOptions) (s *shared, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("memanalyzer: the reading panicked: %s", strconv.QuoteToASCII(fmt.Sprint(p)))
		}
	}()
	if !o.isLarge() {
		o.top, o.everySort = keptTop, true
	}
	if o.kind() == byScan { // whoever asks for a scan is told where there was none
		o.source = uint64(number(names.sources, "scan"))
	}
	if o.collectFirst && ctx.Err() == nil {
		runtime.GC()
	}
	r, err := k.read(ctx, o)
	if err != nil {
		return nil, err
	}
	s = &shared{timedReading: r, keeper: k, isLarge: o.isLarge()}
	s.holders.Store(1)
	k.open.Add(1)
	if !s.isLarge {
		k.small.Add(1)
	}
	return s, nil
}

// charge spends what it takes to make an answer, where that is as much as a reading.
func (k *keeper) charge(o readOptions, took time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.spend(o, took)
}

// spend puts off the next readings by what one takes of the budget.
func (k *keeper) spend(o readOptions, took time.Duration) {
	now := time.Now()
	next, nextFresh := k.rest(took)
	if k.next.Before(now) {
		k.next = now
	}
	k.next = earlier(k.next.Add(next), now.Add(restMax))
	k.nextFresh = earlier(now.Add(nextFresh), now.Add(restMax))
	switch {
	case o.isOwn() && !o.fresh:
		k.reserved, k.freshMade = time.Time{}, false
	case now.Before(k.reserved):
		k.reserved = k.next.Add(reservedFor)
	}
	k.freshMade = k.freshMade || o.fresh
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// land gives each who waits the result, which he closes.
func (k *keeper) land(f *flight, o readOptions, s *shared, err error) {
	if s != nil {
		s.holders.Add(f.waiting)
	}
	if k.common[o.kind()] == f {
		k.common[o.kind()] = nil
	}
	f.landed, f.result, f.err = true, s, err
}
