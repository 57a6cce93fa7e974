package memanalyzer

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/pprof/profile"
)

// A report as a profile of pprof. The frames of a sample are a group, a category, a name and a
// region, and each column of the samples adds up to the report's totals.
//
// If the process knows the parts of some memory, the frames are the parts instead of regions,
// because a part has no mapping of its own: the Go heap (its marked part has the call stacks of
// the heap profile below it), Go stacks (by the goroutines' functions) and the C heap.

// profileMax is the number of regions in a profile, the largest in address space; a category's
// others are one frame. It is also the number of call stacks, and of goroutines' functions.
const profileMax = 10000

// amounts are the columns of a profile, in bytes. Unknown columns are 0.
type amounts [5]uint64

const (
	rssColumn = iota
	pssColumn
	dirtyColumn
	swapColumn
	virtualColumn
)

var sampleTypes = [len(amounts{})]string{"rss", "pss", "private_dirty", "swap", "virtual"}

func amountsOf(c Columns) amounts {
	return amounts{c.RSS.Bytes, c.PSS.Bytes, c.PrivateDirty.Bytes, c.Swap.Bytes, c.Virtual.Bytes}
}

// less returns the differences, which wrap around if negative.
func (a amounts) less(b amounts) amounts {
	for i := range a {
		a[i] -= b[i]
	}
	return a
}

// A frame is a level of a profile: a function of the program, or, if it has no file, a use of
// memory.
type frame struct {
	name, file string
	line       int64
}

// A mapping is the place of a region.
type mapping struct {
	start, end, offset uint64
	name               string
}

// tags are the labels of a sample; empty ones are omitted.
type tags struct{ group, category, part, method, name, perms string }

// WriteProfile writes the report as a gzipped profile for go tool pprof, like the handler's
// format=pprof but without call stacks. It has the regions that r has; for all of them, read r
// with Top([All]) and SortBy([SortSize]). The error is that of w.
func (r *Report) WriteProfile(w io.Writer) error {
	b := newProfileBuilder(false)
	b.addReport(r, callStacks{}, 1)
	return b.finish(r).Write(w)
}

// profileText is the output of a finished profile.
type profileText struct{ *bytes.Buffer }

func (p profileText) Next(buf []byte) int {
	n, _ := p.Read(buf) // the only error is io.EOF
	return n
}

func (p profileText) Close() {}

// answerProfile returns the profile of a reading with call stacks, minus that of the reading
// before, unless before is nil. It closes both.
func (a *Analyzer) answerProfile(q query, now, before *shared) (answer, error) {
	defer now.Close()
	began, cost := time.Now(), now.cost
	b := newProfileBuilder(a.hideAddresses)
	report := now.report(q.read)
	if before != nil {
		defer before.Close()
		cost += before.cost
		was := before.report(q.read)
		match(was, report)
		b.addReport(was, before.stacks, -1)
		b.DurationNanos = report.Time.Sub(was.Time).Nanoseconds()
	}
	b.addReport(report, now.stacks, 1)
	var text bytes.Buffer
	if err := b.finish(report).Write(&text); err != nil {
		return answer{}, err
	}
	took := time.Since(began)
	a.keeper().spend(took) // as much as a reading
	return newAnswer(profileText{&text}, cost+took, 0)
}

// match gives the same frames to what is the same in two reports. It removes parts that only
// one of them has, as malloc is not asked for each reading.
func match(before, now *Report) {
	matchRegions(before.Regions, now.Regions)
	for i := range now.Groups {
		matchParts(&before.Groups[i].Parts, &now.Groups[i].Parts)
		for j := range now.Groups[i].Categories {
			matchParts(&before.Groups[i].Categories[j].Parts, &now.Groups[i].Categories[j].Parts)
		}
	}
}

func matchParts(before, now *[]Part) {
	if !areKnown(*before) || !areKnown(*now) {
		*before, *now = nil, nil
	}
}

func areKnown(parts []Part) bool {
	return slices.ContainsFunc(parts, func(p Part) bool { return p.Committed|p.RSS > 0 })
}

// matchRegions moves the regions of before to the place of their successors in now: those with
// the same name and a common address. mema_diff_init does the same.
func matchRegions(before, now []Region) {
	byAddress := func(a, b Region) int { return cmp.Compare(a.Start, b.Start) }
	slices.SortStableFunc(before, byAddress)
	slices.SortStableFunc(now, byAddress)
	for len(before) > 0 && len(now) > 0 {
		a, b := &before[0], &now[0]
		same := a.Name == b.Name && a.Start <= b.End-1 && b.Start <= a.End-1
		first := a.End-1 <= b.End-1
		if same {
			a.Start, a.End, a.Perms, a.Offset = b.Start, b.End, b.Perms, b.Offset
		}
		if same || first {
			before = before[1:]
		}
		if same || !first {
			now = now[1:]
		}
	}
}

// A profileBuilder adds samples to a profile, and numbers what they refer to.
type profileBuilder struct {
	profile.Profile
	hideAddresses bool
	locations     map[frame]*profile.Location
	functions     map[frame]*profile.Function
	mappings      map[mapping]*profile.Mapping
	labels        map[tags]map[string][]string
	samples       map[sampleKey]*profile.Sample
}

type sampleKey struct {
	stack string
	tags  tags
}

func newProfileBuilder(hideAddresses bool) *profileBuilder {
	b := &profileBuilder{
		hideAddresses: hideAddresses,
		locations:     map[frame]*profile.Location{},
		functions:     map[frame]*profile.Function{},
		mappings:      map[mapping]*profile.Mapping{},
		labels:        map[tags]map[string][]string{},
		samples:       map[sampleKey]*profile.Sample{},
	}
	for _, name := range sampleTypes {
		b.SampleType = append(b.SampleType, &profile.ValueType{Type: name, Unit: "bytes"})
	}
	b.DefaultSampleType = sampleTypes[rssColumn]
	b.PeriodType, b.Period = &profile.ValueType{Type: "space", Unit: "bytes"}, 1
	return b
}

func (b *profileBuilder) finish(r *Report) *profile.Profile {
	if !r.Time.IsZero() {
		b.TimeNanos = r.Time.UnixNano()
	}
	b.Comments = r.Warnings
	b.Sample = slices.DeleteFunc(b.Sample, func(s *profile.Sample) bool {
		return !slices.ContainsFunc(s.Value, func(v int64) bool { return v != 0 })
	})
	return &b.Profile
}

// addReport adds a report to the profile; with the sign -1, it subtracts it.
func (b *profileBuilder) addReport(r *Report, stacks callStacks, sign int64) {
	regions := map[string][]*Region{}
	for i := range r.Regions {
		g := &r.Regions[i]
		regions[g.Category] = append(regions[g.Category], g)
	}
	for _, g := range regions["file/binary"] {
		if g.Name != "" {
			b.mappingOf(b.place(g)) // pprof assumes that the first mapping is the program
		}
	}
	for _, g := range r.Groups {
		shared := slices.Clone(g.Parts)
		for _, c := range g.Categories {
			parts := slices.Clone(c.Parts)
			if c.ID == "malloc/main" || c.ID == "malloc/arenas" {
				parts = shared
			}
			l := level{b, sign, []frame{{name: g.Name}, {name: c.Name}}, tags{group: g.ID, category: c.ID, method: string(c.Method)}}
			whole := amountsOf(c.Columns)
			switch {
			case areKnown(parts):
				l.addParts(c.Name, whole, parts, stacks.heap)
			case c.ID == "go/stack":
				l.addStacks(whole, stacks.goroutines)
			default:
				l.addRegions(c.Name, whole, regions[c.ID])
			}
		}
	}
}

// A level is a place in the tree of frames, and the tags of the samples below it.
type level struct {
	*profileBuilder
	sign   int64
	frames []frame
	tags   tags
}

// add adds a sample below this level.
func (l level) add(a amounts, below ...frame) {
	if a == (amounts{}) {
		return
	}
	frames := slices.Concat(l.frames, below)
	slices.Reverse(frames)
	var stack []byte
	var locations []*profile.Location
	for _, f := range frames {
		at := l.location(f)
		locations = append(locations, at)
		stack = binary.AppendUvarint(stack, at.ID)
	}
	key := sampleKey{string(stack), l.tags}
	s := l.samples[key]
	if s == nil {
		s = &profile.Sample{Location: locations, Value: make([]int64, len(a)), Label: l.labelsOf(l.tags)}
		l.samples[key] = s
		l.Sample = append(l.Sample, s)
	}
	for i := range a {
		s.Value[i] += l.sign * int64(a[i])
	}
}

// below returns the level one frame deeper.
func (l level) below(name string) level {
	l.frames = append(slices.Clip(l.frames), frame{name: name})
	return l
}

func (l level) addRegions(category string, whole amounts, regions []*Region) {
	for _, g := range regions {
		one := l
		one.tags.method, one.tags.name, one.tags.perms = string(g.Method), g.Name, g.Perms
		if g.Name != "" {
			l.mappingOf(l.place(g))
			one = one.below(g.Name)
		}
		leaf := frame{name: g.Perms}
		if !l.hideAddresses { // without the end, so that -diff_base recognizes a region that has grown
			leaf.name = fmt.Sprintf("%012x %s", g.Start, g.Perms)
		}
		a := amountsOf(g.Columns)
		one.add(a, leaf)
		whole = whole.less(a)
	}
	l.add(whole, frame{name: category + ": other regions"})
}

// addParts apportions memory to parts by their resident and committed sizes, and subtracts it
// from those, so that several categories can share parts. Address space that is not committed is
// reserved. Resident memory beyond the parts is in none: malloc may have released it meanwhile.
func (l level) addParts(category string, whole amounts, parts []Part, heap []callStack) {
	resident, committed, swapped := make([]uint64, len(parts)+1), make([]uint64, len(parts)+1), make([]uint64, len(parts)+1)
	reserved, beyond := whole[virtualColumn], whole[rssColumn]
	for i, p := range parts {
		resident[i], committed[i] = p.RSS, p.Committed
		if p.ID != "released" {
			swapped[i] = p.Committed - min(p.Committed, p.RSS)
		}
		reserved -= min(reserved, p.Committed)
		beyond -= min(beyond, p.RSS)
	}
	committed[len(parts)], resident[len(parts)] = reserved, beyond
	weights := [len(amounts{})][]uint64{resident, resident, resident, swapped, committed}
	shares := make([]amounts, len(parts)+1)
	for column, w := range weights {
		for i, share := range apportion(whole[column], w) {
			shares[i][column] = share
		}
	}
	for i := range parts {
		p := &parts[i]
		part := l.below(category + ": " + strings.ReplaceAll(p.ID, "_", " "))
		part.tags.part = p.ID
		if p.ID == "marked" {
			part.addStacks(shares[i], withUnprofiled(heap, parts[i].Committed))
		} else {
			part.add(shares[i])
		}
		p.RSS -= min(p.RSS, shares[i][rssColumn])
		p.Committed -= min(p.Committed, shares[i][virtualColumn])
	}
	var space amounts
	space[virtualColumn] = shares[len(parts)][virtualColumn]
	l.add(space, frame{name: category + ": reserved"})
	l.add(shares[len(parts)].less(space), frame{name: category + ": other"})
}

// withUnprofiled adds a stack for live memory that the heap profile does not know: it lags behind
// /gc/heap/live by one collection, and its stacks must not get what others allocated since.
func withUnprofiled(heap []callStack, live uint64) []callStack {
	var known uint64
	for _, s := range heap {
		known += s.weight
	}
	if known == 0 || live <= known {
		return heap
	}
	return append(slices.Clip(heap), callStack{[]frame{{name: "not in the heap profile yet"}}, live - known})
}

// addStacks apportions memory to call stacks by weight. Beyond profileMax, stacks have no frames.
func (l level) addStacks(whole amounts, stacks []callStack) {
	stacks = slices.Clone(stacks)
	slices.SortStableFunc(stacks, func(a, b callStack) int { return cmp.Compare(b.weight, a.weight) })
	weights := make([]uint64, len(stacks))
	for i, s := range stacks {
		weights[i] = s.weight
	}
	shares := make([]amounts, len(stacks))
	for column, bytes := range whole {
		for i, share := range apportion(bytes, weights) {
			shares[i][column] = share
			whole[column] -= share
		}
	}
	for i, s := range stacks {
		if i >= profileMax {
			s.frames = nil
		}
		l.add(shares[i], s.frames...)
	}
	l.add(whole)
}

// apportion divides a total in proportion to weights, by the method of the largest remainder, so
// that the shares add up. If all weights are 0, the last share has everything.
func apportion(total uint64, weights []uint64) []uint64 {
	shares, remainders, order := make([]uint64, len(weights)), make([]uint64, len(weights)), make([]int, len(weights))
	var sum uint64
	for _, w := range weights {
		sum += w
	}
	if sum == 0 {
		if len(weights) > 0 {
			shares[len(weights)-1] = total
		}
		return shares
	}
	left := total
	for i, w := range weights {
		high, low := bits.Mul64(total, w)
		shares[i], remainders[i] = bits.Div64(high, low, sum)
		left -= shares[i]
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(remainders[j], remainders[i]) })
	for _, i := range order[:left] {
		shares[i]++
	}
	return shares
}

// place returns the mapping of a region, without addresses if those are hidden.
func (b *profileBuilder) place(g *Region) mapping {
	if b.hideAddresses {
		return mapping{name: g.Name}
	}
	return mapping{g.Start, g.End, g.Offset, g.Name}
}

// location returns the location of a frame. It has no mapping, because pprof would look for code
// there, and fail.
func (b *profileBuilder) location(f frame) *profile.Location {
	l := b.locations[f]
	if l == nil {
		l = &profile.Location{
			ID:   uint64(len(b.Location) + 1),
			Line: []profile.Line{{Function: b.function(f), Line: f.line}},
		}
		b.locations[f] = l
		b.Location = append(b.Location, l)
	}
	return l
}

func (b *profileBuilder) function(f frame) *profile.Function {
	f.line = 0
	function := b.functions[f]
	if function == nil {
		function = &profile.Function{ID: uint64(len(b.Function) + 1), Name: printable(f.name), Filename: printable(f.file)}
		b.functions[f] = function
		b.Function = append(b.Function, function)
	}
	return function
}

func (b *profileBuilder) mappingOf(at mapping) *profile.Mapping {
	m := b.mappings[at]
	if m == nil {
		m = &profile.Mapping{
			ID: uint64(len(b.Mapping) + 1), Start: at.start, Limit: at.end, Offset: at.offset, File: printable(at.name),
			HasFunctions: true, // keeps pprof from looking for symbols
		}
		b.mappings[at] = m
		b.Mapping = append(b.Mapping, m)
	}
	return m
}

func (b *profileBuilder) labelsOf(t tags) map[string][]string {
	labels := b.labels[t]
	if labels == nil {
		labels = map[string][]string{}
		for key, value := range map[string]string{
			"group": t.group, "category": t.category, "part": t.part, "method": t.method, "name": t.name, "perms": t.perms,
		} {
			if value != "" {
				labels[key] = []string{printable(value)}
			}
		}
		b.labels[t] = labels
	}
	return labels
}

// printable returns a name as UTF-8 without characters that could harm a terminal. As in JSON,
// such bytes become U+EF00 to U+EFFF, so that the name can be restored.
func printable(name string) string {
	const byteCharacter = 0xef00
	var text strings.Builder
	for len(name) > 0 {
		c, size := utf8.DecodeRuneInString(name)
		if c == utf8.RuneError && size == 1 || !unicode.IsPrint(c) {
			for _, b := range []byte(name[:size]) {
				text.WriteRune(byteCharacter + rune(b))
			}
		} else {
			text.WriteRune(c)
		}
		name = name[size:]
	}
	return text.String()
}
