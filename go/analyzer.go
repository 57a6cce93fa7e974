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

// An Analyzer is an [http.Handler] that reports on this process, with options. The zero Analyzer
// has no options and is ready for use. All Analyzers of a process share their readings; see
// [Analyzer.Report].
type Analyzer struct {
	authorize     []func(*http.Request) bool // each must permit a request
	hosts         map[string]bool            // nil: every Host is answered
	hideAddresses bool
	refuseGC      bool
	withoutMalloc bool

	// Tests change these.
	own  *keeper                                          // nil: that of the process
	wait func(ctx context.Context, d time.Duration) error // nil: sleeps
}

// An Option changes what an [Analyzer] shows, and to whom. Options add up: hosts of several
// WithHosts are all answered, and functions of several WithAuthorize must all permit a request.
type Option func(*Analyzer) error

// WithAuthorize answers 403 to a request if authorize returns false.
func WithAuthorize(authorize func(*http.Request) bool) Option {
	return func(a *Analyzer) error {
		if authorize == nil {
			return errors.New("memanalyzer: WithAuthorize wants a function, not nil")
		}
		a.authorize = append(a.authorize, authorize)
		return nil
	}
}

// WithHosts answers 403 to a request unless its Host is one of these, a loopback address or
// localhost, or the listener's own address. This protects against DNS rebinding, where a page in
// a browser lets its own name resolve to this server. Hosts have no port. WithHosts() permits
// loopback and the listener's address only.
func WithHosts(hosts ...string) Option {
	return func(a *Analyzer) error {
		if a.hosts == nil {
			a.hosts = make(map[string]bool)
		}
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

// WithoutAddresses omits the addresses of regions, and answers 403 to format=smaps.
func WithoutAddresses() Option {
	return func(a *Analyzer) error { a.hideAddresses = true; return nil }
}

// WithoutGC answers 403 to gc=1.
func WithoutGC() Option {
	return func(a *Analyzer) error { a.refuseGC = true; return nil }
}

// WithoutMallinfo never asks the C library about its heap. Otherwise some reports do, which
// holds its locks for at most a thousandth of the time.
func WithoutMallinfo() Option {
	return func(a *Analyzer) error { a.withoutMalloc = true; return nil }
}

// New returns an Analyzer with options.
func New(options ...Option) (*Analyzer, error) {
	a := new(Analyzer)
	for _, option := range options {
		if option == nil {
			return nil, errors.New("memanalyzer: an Option is nil")
		}
		if err := option(a); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// Report returns where the memory of this process is. It may return the kept reading, Age old,
// because all Analyzers and [MemoryProfileHandler] together read for at most 1% of the time.
// A report with more than 100 regions is never a kept one: if it comes too soon after another
// reading, the error is a [*BudgetError].
//
// ctx bounds the wait for readings in progress, which is a minute at most. After a minute, Report
// returns the kept reading, however old, or [context.DeadlineExceeded]. A reading with more than 100
// regions is finished once it has begun, as in [Read], which has the other errors.
func (a *Analyzer) Report(ctx context.Context, options ...ReadOption) (*Report, error) {
	o, err := newReadOptions(options)
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

// take returns a reading; the caller closes it.
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
