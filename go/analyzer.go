package memanalyzer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// An Analyzer is a handler with options, one a process. The zero Analyzer has
// none and is ready.
type Analyzer struct {
	authorize     func(*http.Request) bool
	hosts         map[string]bool // nil: every Host is answered
	hideAddresses bool
	refuseGC      bool
	withoutMalloc bool

	once    sync.Once
	reading chan struct{} // holds one token while a reading is made; see turn
	open    atomic.Int32  // readings that are not closed
	large   atomic.Int32  // large answers that are under way

	wait func(ctx context.Context, d time.Duration) error // nil: sleeps; tests do not
}

// An Option changes what an [Analyzer] shows, or to whom.
type Option func(*Analyzer) error

// WithAuthorize answers 403 to a request for which authorize returns false.
func WithAuthorize(authorize func(*http.Request) bool) Option {
	return func(a *Analyzer) error {
		if authorize == nil {
			return errors.New("memanalyzer: WithAuthorize wants a function, not nil")
		}
		a.authorize = authorize
		return nil
	}
}

// WithHosts answers 403 to a request whose Host is neither one of these, nor
// loopback, nor the address that the listener has: a page in a browser that had
// its name resolve to this address (DNS rebinding) learns nothing. Hosts have no
// port; without any, only loopback and the listener's address are answered.
func WithHosts(hosts ...string) Option {
	return func(a *Analyzer) error {
		a.hosts = make(map[string]bool)
		for _, host := range hosts {
			name := canonicalHost(host)
			if _, err := netip.ParseAddr(name); err != nil && (name == "" || strings.ContainsAny(name, ":[]/* ")) {
				return fmt.Errorf("memanalyzer: WithHosts wants names or addresses without a port, not %q", host)
			}
			a.hosts[name] = true
		}
		return nil
	}
}

// WithoutAddresses leaves the addresses of regions out, and answers 403 to format=smaps.
func WithoutAddresses() Option {
	return func(a *Analyzer) error { a.hideAddresses = true; return nil }
}

// WithoutGC answers 403 to gc=1.
func WithoutGC() Option {
	return func(a *Analyzer) error { a.refuseGC = true; return nil }
}

// WithoutMallinfo never asks the C library about its heap, which takes its locks
// for a moment, in reports that are at least a thousand times as far apart.
func WithoutMallinfo() Option {
	return func(a *Analyzer) error { a.withoutMalloc = true; return nil }
}

// New returns an Analyzer with options.
func New(options ...Option) (*Analyzer, error) {
	a := new(Analyzer)
	for _, option := range options {
		if option == nil {
			return nil, errors.New("memanalyzer: New wants options, not nil")
		}
		if err := option(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Report returns where the memory of this process is. Errors are those of
// [Read].
func (a *Analyzer) Report(ctx context.Context, options ...ReadOption) (*Report, error) {
	return read(ctx, a.readSelf, options)
}

// readSelf makes one reading at a time.
func (a *Analyzer) readSelf(ctx context.Context, o readOptions) (timedReading, error) {
	select {
	case a.turn() <- struct{}{}:
		defer func() { <-a.reading }()
		o.withoutMalloc = a.withoutMalloc
		if o.collectFirst && ctx.Err() == nil {
			runtime.GC()
		}
		r, err := readSelf(ctx, o)
		if err == nil {
			a.open.Add(1)
			r.closed = func() { a.open.Add(-1) }
		}
		return r, err
	case <-ctx.Done():
		return timedReading{}, ctx.Err()
	}
}

func (a *Analyzer) turn() chan struct{} {
	a.once.Do(func() { a.reading = make(chan struct{}, 1) })
	return a.reading
}
