package memanalyzer

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// A keeper makes one reading of this process at a time, and keeps and shares the last one of
// each kind, so that any number of callers cost at most 1% of the time. Some callers need a
// reading of their own: see [readOptions.isOwn].
//
//	timer     length              starts at          meaning
//	pause     100 x the reading,  end of a reading   Callers share the kept reading; a caller that needs
//	          at most 1 minute                       its own gets a BudgetError.
//	courtesy  2 s                 end of the pause   If a caller got a BudgetError, its reading comes
//	                                                 first: kept readings are renewed after that.
//	stale     1 minute            end of a reading   A kept reading that is older is renewed during
//	                                                 a pause, too, which makes the pause longer.
//	patience  1 minute            a caller's wait    The caller then gets the kept reading, however old,
//	                                                 or an error.
const (
	pauseFactor = 100
	pauseMax    = time.Minute
	courtesy    = 2 * time.Second // Retry-After is in whole seconds, and the network takes time
	stale       = time.Minute
	patience    = time.Minute
)

// openMax bounds the memory of readings: if so many are open, a kept one is renewed only if it
// is stale. A reading is open while it is kept or written to a client. It holds 150 kB, or 1 MB
// with a thousand names of memory; for larger ones see [largeAnswersMax].
const openMax = 24

// A shared reading is freed when every holder has closed it.
type shared struct {
	timedReading
	keeper  *keeper
	holders atomic.Int32
}

func (s *shared) hold() *shared {
	s.holders.Add(1)
	return s
}

func (s *shared) Close() {
	if s.holders.Add(-1) == 0 {
		s.timedReading.Close()
		s.keeper.open.Add(-1)
	}
}

type keeper struct {
	turn    chan struct{}      // has an element during a reading
	flights singleflight.Group // readings to keep; the key is the kind
	open    atomic.Int32       // readings that are not freed
	large   atomic.Int32       // large answers in progress

	mu      sync.Mutex
	kept    [kinds]*shared // nil before the first one
	failure [kinds]error   // of the last reading to keep; nil if it succeeded
	next    time.Time      // end of the pause
	refused bool           // a caller has got a BudgetError since the last reading

	// Tests change these.
	read   func(context.Context, readOptions) (timedReading, error)
	factor time.Duration // pauseFactor
}

// process is the keeper of all Analyzers.
var process = newKeeper()

func newKeeper() *keeper {
	return &keeper{turn: make(chan struct{}, 1), read: readSelf, factor: pauseFactor}
}

// take returns a reading that answers o; the caller closes it. ctx bounds the wait for other
// callers. The error is a [*BudgetError], that of ctx, or the reading's.
func (k *keeper) take(ctx context.Context, o readOptions) (*shared, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := k.current(o)
	switch {
	case s != nil || err != nil:
		return s, err
	case o.isOwn():
		return k.makeInTurn(bounded, o)
	}
	landed := k.flights.DoChan(strconv.Itoa(o.kind()), func() (any, error) {
		s, err := k.makeInTurn(context.Background(), o) // even if all callers leave
		if err == nil {
			s.Close() // the keeper holds it, too
		}
		return nil, err
	})
	select {
	case result := <-landed:
		err = result.Err
	case <-bounded.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if s := k.last(o); s != nil {
		return s.hold(), nil
	}
	return nil, cmp.Or(k.failure[o.kind()], bounded.Err())
}

// current returns the kept reading, or the error that the caller gets during a pause; neither
// if a reading may begin.
func (k *keeper) current(o readOptions) (*shared, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, wait := k.last(o), time.Until(k.next)
	if o.isOwn() && k.open.Load() >= openMax {
		wait = max(wait, time.Second)
	}
	switch {
	case !o.isOwn() && s != nil && !k.isDue(s):
		return s.hold(), nil
	case wait <= 0 || o.second:
		return nil, nil
	case o.isOwn():
		k.refused = true
		return nil, &BudgetError{wait}
	}
	return nil, k.failure[o.kind()]
}

// last returns the newest reading that answers o, nil if there is none. It drops readings that have
// had a fault; callers get that error until the next reading.
func (k *keeper) last(o readOptions) *shared {
	for kind, s := range k.kept {
		if s == nil {
			continue
		}
		if err := s.fault(); err != nil {
			s.Close()
			k.kept[kind], k.failure[kind] = nil, err
		}
	}
	s, other := k.kept[o.kind()], k.kept[bySmaps]
	if o.source == autoSource && other != nil && (s == nil || other.began.After(s.began)) {
		return other
	}
	return s
}

// isDue reports whether the kept reading s may be renewed.
func (k *keeper) isDue(s *shared) bool {
	due := time.Now().Add(stale - s.age())
	if k.open.Load() < openMax && k.next.Before(due) {
		due = k.next
	}
	if k.refused {
		due = due.Add(courtesy)
	}
	return !time.Now().Before(due)
}

// makeInTurn makes a reading, unless others made one meanwhile, after which it may not begin.
// A reading that has begun is finished. The caller closes it.
func (k *keeper) makeInTurn(ctx context.Context, o readOptions) (*shared, error) {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s, err := k.current(o); s != nil || err != nil {
		return s, err
	}
	began := time.Now()
	r, err := k.readOrRecover(ctx, o)
	k.spend(time.Since(began))
	k.mu.Lock()
	defer k.mu.Unlock()
	if !o.isLarge() && ctx.Err() == nil {
		k.failure[o.kind()] = err
	}
	if err != nil {
		return nil, err
	}
	k.open.Add(1)
	s := (&shared{timedReading: r, keeper: k}).hold()
	if !o.isLarge() {
		if old := k.kept[o.kind()]; old != nil {
			old.Close()
		}
		k.kept[o.kind()] = s.hold()
	}
	return s, nil
}

// readOrRecover returns a panic as an error.
func (k *keeper) readOrRecover(ctx context.Context, o readOptions) (r timedReading, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("memanalyzer: the reading panicked: %s", strconv.QuoteToASCII(fmt.Sprint(p)))
		}
	}()
	if o.collectFirst {
		runtime.GC()
	}
	return k.read(ctx, o.shareable())
}

// spend begins a pause, or makes the present one longer.
func (k *keeper) spend(took time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	left := max(time.Until(k.next), 0)
	k.next = time.Now().Add(min(left+k.factor*took, pauseMax))
	k.refused = false
}
