package memanalyzer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"example.com/memanalyzer/csrc/core"
)

var defaultAnalyzer Analyzer

// MemoryProfileHandler answers with the memory of this process:
//
//	mux.HandleFunc("/debug/memory", memanalyzer.MemoryProfileHandler)
//
// The package comment lists its parameters. Nothing is written before the status is known:
//
//	400  a parameter has a wrong value
//	403  an option of New refuses the request
//	405  the method is neither GET nor HEAD
//	500  the source failed; the body says why
//	501  this system or build has no source
//	503  with Retry-After: the report needs a reading of its own, too soon after another one;
//	     slow clients hold too many large answers; or the wait for another reading was too long
//
// The request's context ends that wait. A client that receives too slowly is cut off: after a
// minute, or five if its answer is large.
func MemoryProfileHandler(w http.ResponseWriter, r *http.Request) {
	defaultAnalyzer.ServeHTTP(w, r)
}

// ServeHTTP is [MemoryProfileHandler] with the options of a.
func (a *Analyzer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")

	q, refusal := a.admit(r)
	if refusal != nil {
		refusal.answer(w)
		return
	}
	if q.isLarge() {
		large := &a.keeper().large
		defer large.Add(-1)
		if large.Add(1) > largeAnswersMax {
			refuse(http.StatusServiceUnavailable, "Too many large answers are under way: ask again.").answer(w)
			return
		}
	}
	if q.wait > 0 {
		q.setDeadline(w, r, q.wait)
	}
	answer, err := a.answer(r.Context(), q)
	if err != nil {
		sourceRefusal(err).answer(w)
		return
	}
	defer answer.Close()
	buf := make([]byte, answerBuffer)
	n, err := answer.next(buf)
	if err != nil {
		sourceRefusal(err).answer(w)
		return
	}
	q.setDeadline(w, r, 0)
	h.Set("Age", strconv.FormatInt(int64(answer.age/time.Second), 10))
	h.Set("X-Memanalyzer-Cost", strconv.FormatFloat(answer.cost.Seconds(), 'f', 6, 64))
	h.Set("Content-Type", names.MediaTypes[q.format])
	switch {
	case q.read.keepText:
		h.Set("Content-Disposition", `attachment; filename="memory.smaps"`)
	case q.read.callStacks:
		h.Set("Content-Disposition", `attachment; filename="memory.pb.gz"`)
	}
	for n > 0 && err == nil {
		if _, err := w.Write(buf[:n]); err != nil || r.Method == http.MethodHead {
			return
		}
		n, err = answer.next(buf)
	}
	if err != nil {
		panic(http.ErrAbortHandler) // the client must not take the answer for whole
	}
}

// answerBuffer is the size of the pieces in which an answer is written.
const answerBuffer = 16 << 10

// An answer is the output of one reading, or of two that are compared. It holds them.
type answer struct {
	core.Output
	cost, age time.Duration
	of        []*shared
}

func newAnswer(out core.Output, cost, age time.Duration, of ...*shared) (answer, error) {
	a := answer{out, cost, age, of}
	if out == nil {
		defer a.closeReadings()
		return answer{}, cmp.Or(a.fault(), error(&SourceError{"no memory for the answer", ErrNoMemory, nil}))
	}
	return a, nil
}

// fault returns the error of a fault in the library.
func (a answer) fault() error {
	for _, r := range a.of {
		if err := r.fault(); err != nil {
			return err
		}
	}
	return nil
}

// next fills buf with the next bytes and returns how many; 0 at the end, or with the error of a
// fault in the library.
func (a answer) next(buf []byte) (int, error) {
	n := a.Next(buf)
	if n == 0 {
		return 0, a.fault()
	}
	return n, nil
}

func (a answer) Close() {
	a.Output.Close()
	a.closeReadings()
}

func (a answer) closeReadings() {
	for _, r := range a.of {
		r.Close()
	}
}

// answer returns the answer to a query; the caller closes it.
func (a *Analyzer) answer(ctx context.Context, q query) (answer, error) {
	if q.wait > 0 {
		return a.answerDifferences(ctx, q)
	}
	r, err := a.take(ctx, q.read)
	if err != nil {
		return answer{}, err
	}
	if q.read.callStacks {
		return a.answerProfile(q, r, nil)
	}
	return newAnswer(r.Write(a.rendering(q, r.timedReading)), r.cost, r.age(), r)
}

func (a *Analyzer) rendering(q query, r timedReading) core.OutputOptions {
	rssOnly := q.read.rssOnly && q.read.source == autoSource
	return core.OutputOptions{
		Format: q.format, Unit: q.unit, Sort: q.read.sort, Top: q.read.top,
		HideAddresses: a.hideAddresses, RSSOnly: rssOnly, Origin: r.origin(),
	}
}

// A refusal is an answer without a report.
type refusal struct {
	status  int
	message string
	after   int64 // seconds, for Retry-After of a 503
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...), 1}
}

func (r *refusal) answer(w http.ResponseWriter) {
	switch r.status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", "GET, HEAD")
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.FormatInt(r.after, 10))
	}
	w.Header().Set("X-Go-Pprof", "1") // tells go tool pprof to show the message
	w.WriteHeader(r.status)
	fmt.Fprintln(w, r.message)
}

const budgetSpent = "Reading takes at most 1%% of the time: ask again in %d s. Without gc, seconds, fresh, top above 100, format=smaps or format=pprof, the kept report is returned at once."

// sourceRefusal returns the refusal for an error of a reading.
func sourceRefusal(err error) *refusal {
	if errors.Is(err, ErrUnsupported) {
		return refuse(http.StatusNotImplemented, "Failed to open /proc/self/smaps: %s", unsupported)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return refuse(http.StatusServiceUnavailable, "Another reading took too long: ask again.")
	}
	if budget := (*BudgetError)(nil); errors.As(err, &budget) {
		return &refusal{http.StatusServiceUnavailable, fmt.Sprintf(budgetSpent, budget.seconds()), budget.seconds()}
	}
	if source := (*SourceError)(nil); errors.As(err, &source) {
		return refuse(http.StatusInternalServerError, "%s", source.Message)
	}
	return refuse(http.StatusInternalServerError, "%v", err)
}

// A query is what a request wants.
type query struct {
	read         readOptions
	unit, format uint32
	wait         time.Duration // between two readings that are compared; 0: there is one
}

// admit returns the query of a request, or why it is refused.
func (a *Analyzer) admit(r *http.Request) (query, *refusal) {
	for _, authorize := range a.authorize {
		if !authorize(r) {
			return query{}, refuse(http.StatusForbidden, "This request is not authorized.")
		}
	}
	if a.hosts != nil && !a.answersHost(r) {
		return query{}, refuse(http.StatusForbidden,
			"This server does not answer to the host %q: use its address, or add the host to WithHosts.", r.Host)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return query{}, refuse(http.StatusMethodNotAllowed, "Use GET or HEAD, not %s.", strconv.QuoteToASCII(r.Method))
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return query{}, refuse(http.StatusBadRequest, "The query cannot be read: %v", err)
	}
	if names.Sorts == nil {
		return query{}, sourceRefusal(ErrUnsupported)
	}
	q, wrong := parseQuery(values)
	if wrong == nil && q.read.collectFirst && a.refuseGC {
		wrong = refuse(http.StatusForbidden, "gc=1 is switched off here.")
	}
	if wrong == nil && q.read.keepText && a.hideAddresses {
		wrong = refuse(http.StatusForbidden, "format=smaps shows addresses, which are left out here.")
	}
	return q, wrong
}

// topMax is the largest number for top, as on the command line; all has no limit.
const topMax = 100000

// The parameters: what each accepts, and what it sets.
var parameters = []struct {
	name, accepts string
	set           func(q *query, value string) bool
}{
	{"top", "a number from 0 to 100000, or all", func(q *query, value string) bool {
		n, err := strconv.ParseUint(value, 10, 32)
		if value == "all" {
			n, err = math.MaxUint64, nil
		}
		q.read.top = n
		return err == nil && (n <= topMax || value == "all")
	}},
	{"sort", strings.Join(names.Sorts, ", "), func(q *query, value string) bool {
		i := number(names.Sorts, value)
		q.read.sort = uint32(i)
		return i >= 0
	}},
	{"unit", strings.Join(names.Units, ", "), func(q *query, value string) bool {
		i := number(names.Units, value)
		q.unit = uint32(i)
		return i >= 0
	}},
	{"source", strings.Join(names.Sources, ", "), func(q *query, value string) bool {
		i := number(names.Sources, value)
		q.read.source = uint32(i)
		return i >= 0
	}},
	{"seconds", "a number from 1 to 300", func(q *query, value string) bool {
		n, err := strconv.ParseUint(value, 10, 32)
		q.wait = time.Duration(n) * time.Second
		return err == nil && n >= 1 && n <= 300
	}},
	{"gc", "0 or 1", func(q *query, value string) bool {
		q.read.collectFirst = value == "1"
		return value == "0" || value == "1"
	}},
	{"fresh", "0 or 1", func(q *query, value string) bool {
		q.read.fresh = value == "1"
		return value == "0" || value == "1"
	}},
	{"format", strings.Join(names.Formats, ", "), func(q *query, value string) bool {
		i := number(names.Formats, value)
		q.format = uint32(i)
		q.read.keepText, q.read.callStacks = value == "smaps", value == "pprof"
		q.read.rssOnly = value == "openmetrics"
		return i >= 0
	}},
}

func parseQuery(values url.Values) (query, *refusal) {
	q := query{read: readOptions{top: 20}}
	for _, p := range parameters {
		if !values.Has(p.name) {
			continue
		}
		if value := values.Get(p.name); !p.set(&q, value) {
			return q, refuse(http.StatusBadRequest, "%s wants %s; not %s", p.name, p.accepts, strconv.QuoteToASCII(value))
		}
	}
	if wrong := q.checkCombination(); wrong != nil {
		return q, wrong
	}
	if q.read.callStacks {
		q.read.top, q.read.sort = profileMax, uint32(number(names.Sorts, string(SortSize)))
	}
	if q.read.rssOnly { // OpenMetrics lists no mappings
		q.read.top = 0
	}
	return q, nil
}

// checkCombination refuses parameters that do not go together, as the command line does.
func (q query) checkCombination() *refusal {
	format, sort := names.Formats[q.format], SortKey(names.Sorts[q.read.sort])
	switch scan := q.read.source == scanSource(); {
	case q.wait > 0 && !names.FormatDifferences[q.format]:
		return refuse(http.StatusBadRequest, "seconds wants format=text, json or pprof; %s has no differences.", format)
	case q.wait > 0 && sort != SortRSS:
		return refuse(http.StatusBadRequest, "seconds wants sort=rss, as it lists the largest change first; not %s", sort)
	case scan && (q.read.keepText || q.read.callStacks):
		return refuse(http.StatusBadRequest, "format=%s wants source=smaps or auto; not scan", format)
	case scan && !knownToScan(string(sort)):
		return refuse(http.StatusBadRequest, "sort=%s wants source=smaps or auto; not scan", sort)
	}
	return nil
}

// canonicalHost returns a name or an address in one spelling, without brackets and final dot.
func canonicalHost(host string) string {
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String()
	}
	return host
}

func (a *Analyzer) answersHost(r *http.Request) bool {
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = canonicalHost(host)
	if a.hosts[host] || host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	if address.IsLoopback() {
		return true
	}
	listener, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if listener == nil {
		return false
	}
	own, err := netip.ParseAddrPort(listener.String())
	return err == nil && own.Addr().Unmap().WithZone("") == address.Unmap().WithZone("")
}
