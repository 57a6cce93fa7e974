package memanalyzer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// An Analyzer is a handler with options, one a process. The zero Analyzer has
// none and is ready. All of a process share its readings: see [Analyzer.Report].
type Analyzer struct {
	authorize     func(*http.Request) bool
	hosts         map[string]bool // nil: every Host is answered
	hideAddresses bool
	refuseGC      bool
	withoutMalloc bool

	// Tests have others.
	own  *keeper                                          // nil: that of the process
	wait func(ctx context.Context, d time.Duration) error // nil: sleeps
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

// Report returns where the memory of this process is. It may be a kept one, Age old, so
// that reading takes at most 1% of the time: of Analyzers and [MemoryProfileHandler]
// together, [Read] apart. One with more than 100 regions is not kept: where the time for
// it has not yet come, the error is a [*BudgetError]. Other errors are those of [Read].
func (a *Analyzer) Report(ctx context.Context, options ...ReadOption) (*Report, error) {
	o, err := readOptionsOf(options)
	if err != nil {
		return nil, err
	}
	r, err := a.take(ctx, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	report := r.report(o)
	report.Age = r.age()
	return report, nil
}

// take returns a reading, which the caller closes.
func (a *Analyzer) take(ctx context.Context, o readOptions) (*shared, error) {
	o.withoutMalloc = a.withoutMalloc
	return a.keeper().take(ctx, o)
}

func (a *Analyzer) keeper() *keeper {
	if a.own != nil {
		return a.own
	}
	return process
}
