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

// A report as a profile of pprof: below each other a group, a category, a name and a
// region. The samples add up to the totals, in each of their columns.
//
// Where a process knows the parts of memory, they stand in place of the regions, which
// they do not keep to: of the Go heap with the call stacks below what is marked, of the
// Go stacks with the goroutines' functions, of the C heap.

// Regions that a profile has, those that span the most; the rest of a category is in it
// as other regions. As many call stacks are below what is marked, and goroutines'
// functions below the stacks.
const profileMax = 10000

// amounts are the columns of a profile, in bytes; what is not known is 0.
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

// less is what is missing to a, or what is too much, which wraps around 0.
func (a amounts) less(b amounts) amounts {
	for i := range a {
		a[i] -= b[i]
	}
	return a
}

// A frame is a level of a profile: a function of the program, or, without a file, what
// memory is.
type frame struct {
	name, file string
	line       int64
}

// A mapping is where a region is.
type mapping struct {
	start, end, offset uint64
	name               string
}

// tags are a sample's labels; an empty one is left out.
type tags struct{ group, category, part, method, name, perms string }

// WriteProfile writes the report as a gzipped profile for go tool pprof, as the handler
// answers format=pprof, without call stacks. It has the regions that r has: all of them
// with Top([All]) and Sort("size").
func (r *Report) WriteProfile(w io.Writer) error {
	b := newProfileBuilder(false)
	b.addReport(r, callStacks{}, 1)
	return b.finish(r).Write(w)
}

// profileText is a profile that has been made.
type profileText struct{ *bytes.Buffer }

func (p profileText) Next(buf []byte) int {
	n, _ := p.Read(buf) // it fails at its end only
	return n
}

func (p profileText) Close() {}

// answerProfile closes a reading with call stacks and answers with its profile: of what has
// changed since another one, which it closes, too, where that is not nil.
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
	a.keeper().charge(q.read, took)
	return newAnswer(profileText{&text}, cost+took, 0)
}

// match has what is the same in two reports have the same frames. Parts that only one of
// them knows are left out: malloc is not asked for each.
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

// matchRegions gives the regions of before the place of what they have become, one of the
// same name and with a common address, as mema_diff_init does.
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

// A profileBuilder numbers what samples refer to.
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

// addReport adds a report to the profile, or, with the sign -1, takes it away.
func (b *profileBuilder) addReport(r *Report, stacks callStacks, sign int64) {
	regions := map[string][]*Region{}
	for i := range r.Regions {
		g := &r.Regions[i]
		regions[g.Category] = append(regions[g.Category], g)
	}
	for _, g := range regions["file/binary"] {
		if g.Name != "" {
			b.mappingOf(b.place(g)) // pprof takes the first one for the program
		}
	}
	for _, g := range r.Groups {
		shared := slices.Clone(g.Parts)
		for _, c := range g.Categories {
			parts := slices.Clone(c.Parts)
			if c.ID == "malloc/main" || c.ID == "malloc/arenas" {
				parts = shared
			}
			l := level{b, sign, []frame{{name: g.Name}, {name: c.Name}}, tags{group: g.ID, category: c.ID, method: c.Method}}
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

// A level is what samples are added below.
type level struct {
	*profileBuilder
	sign   int64
	frames []frame
	tags   tags
}

// add adds what is one or more frames below.
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

// below is the level of one more frame.
func (l level) below(name string) level {
	l.frames = append(slices.Clip(l.frames), frame{name: name})
	return l
}

func (l level) addRegions(category string, whole amounts, regions []*Region) {
	for _, g := range regions {
		one := l
		one.tags.method, one.tags.name, one.tags.perms = g.Method, g.Name, g.Perms
		if g.Name != "" {
			l.mappingOf(l.place(g))
			one = one.below(g.Name)
		}
		leaf := frame{name: g.Perms}
		if !l.hideAddresses { // without the end: what has grown is the same frame for -diff_base
			leaf.name = fmt.Sprintf("%012x %s", g.Start, g.Perms)
		}
		a := amountsOf(g.Columns)
		one.add(a, leaf)
		whole = whole.less(a)
	}
	l.add(whole, frame{name: category + ": other regions"})
}

// addParts divides memory among parts, as they are resident and committed, and takes what
// it gives from them. Address space beyond what is committed is reserved, and resident memory
// beyond all parts is no part's: malloc can have given it back meanwhile.
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
			part.addStacks(shares[i], heap)
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

// addStacks divides memory among call stacks by their weight; of those that are too many
// no more is known.
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

// apportion divides a total as the weights are, to the byte: what rounding leaves goes
// to the largest remainders. Where nothing has a weight, the last one has it all.
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

// place is what a profile says of where a region is.
func (b *profileBuilder) place(g *Region) mapping {
	if b.hideAddresses {
		return mapping{name: g.Name}
	}
	return mapping{g.Start, g.End, g.Offset, g.Name}
}

// location returns a frame's, without a mapping: pprof would look for code at an address in it,
// and ends where there is none.
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
			HasFunctions: true, // pprof need not look for symbols
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

// printable returns a name as UTF-8 that harms no terminal. Its bytes are taken back as
// from JSON: of a character from U+EF00 to U+EFFF the low 8 bits, of any other its UTF-8.
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
