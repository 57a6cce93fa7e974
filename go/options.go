package memanalyzer

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"example.com/memanalyzer/csrc/core"
)

// A ReadOption says what a reading is made from, and which regions its [Report] lists. Options
// apply in order: of two that set the same thing, the last one counts.
type ReadOption func(*readOptions) error

// All, for [Top], lists every resident region.
const All = -1

// A SortKey is an order of regions: the largest first, or ascending for SortAddress and SortName.
type SortKey string

const (
	SortRSS     SortKey = "rss" // the default
	SortPSS     SortKey = "pss"
	SortPrivate SortKey = "private"
	SortDirty   SortKey = "dirty"
	SortSwap    SortKey = "swap" // lists regions with swapped pages only, too
	SortSize    SortKey = "size" // address space; lists regions without resident pages, too
	SortAddress SortKey = "address"
	SortName    SortKey = "name"
)

// A Source is what a report was read from.
type Source string

const (
	SourceAuto  Source = "auto"  // for [From] only: SourceSmaps for reports, SourceScan for OpenMetrics
	SourceSmaps Source = "smaps" // /proc/PID/smaps
	SourceScan  Source = "scan"  // /proc/PID/maps and PAGEMAP_SCAN: Linux 6.7 and later
	SourceFile  Source = "file"  // a text that [Parse] was given
)

// Top lists the first n regions, or [All] of them. The default is 100.
func Top(n int) ReadOption {
	return func(o *readOptions) error {
		switch {
		case n == All:
			o.top = math.MaxUint64
		case n < 0:
			return fmt.Errorf("memanalyzer: Top wants a number from 0, or All; not %d", n)
		default:
			o.top = uint64(n)
		}
		return nil
	}
}

// SortBy sets the order of the regions. The default is [SortRSS].
func SortBy(key SortKey) ReadOption {
	return func(o *readOptions) error {
		i := number(names.Sorts, string(key))
		if i < 0 {
			return fmt.Errorf("memanalyzer: SortBy wants one of %v, not %q", names.Sorts, key)
		}
		o.sort = uint32(i)
		return nil
	}
}

// From sets the source: [SourceAuto] (the default), [SourceSmaps] or [SourceScan]. A scan costs
// the kernel a fifth of smaps, and knows sizes and RSS only. If the kernel or the process does
// not permit a scan, smaps is read instead, and the report has a warning.
func From(source Source) ReadOption {
	return func(o *readOptions) error {
		i := number(names.Sources, string(source))
		if i < 0 {
			return fmt.Errorf("memanalyzer: From wants one of %v, not %q", names.Sources, source)
		}
		o.source = uint32(i)
		return nil
	}
}

// readOptions are what a caller wants of a reading.
type readOptions struct {
	facts         core.Facts
	limits        core.Limits
	top           uint64
	sort          uint32 // in names.Sorts
	everySort     bool   // keep top regions in each order
	source        uint32 // in names.Sources
	rssOnly       bool   // SourceAuto may be a scan
	keepText      bool   // for format=smaps
	compared      bool   // for WriteDifferences: keep all regions, whatever top and sort are
	callStacks    bool   // for a profile
	second        bool   // the later reading of two that are compared
	fresh         bool   // must begin after the call
	collectFirst  bool   // collect garbage first
	withoutMalloc bool   // do not call mallinfo2
}

// newReadOptions applies options to the defaults.
func newReadOptions(options []ReadOption) (readOptions, error) {
	o := readOptions{top: 100}
	for _, option := range options {
		if option == nil {
			return o, errors.New("memanalyzer: a ReadOption is nil")
		}
		if names.Sorts == nil {
			return o, ErrUnsupported
		}
		if err := option(&o); err != nil {
			return o, err
		}
	}
	if names.Sorts != nil && o.source == scanSource() && !knownToScan(names.Sorts[o.sort]) {
		return o, fmt.Errorf("memanalyzer: SortBy(%q) wants SourceSmaps or SourceAuto; a scan has sizes and RSS only", names.Sorts[o.sort])
	}
	return o, nil
}

// knownToScan reports whether a scan has what an order needs.
func knownToScan(sort string) bool {
	return slices.Contains([]SortKey{SortRSS, SortSize, SortAddress, SortName}, SortKey(sort))
}

// The kinds of readings that are kept: of smaps, which has all columns, and of a scan.
const (
	bySmaps = iota
	byScan
	kinds
)

const autoSource = 0 // in names.Sources

// scanSource is that of a scan, in names.Sources.
func scanSource() uint32 { return uint32(number(names.Sources, string(SourceScan))) }

func (o readOptions) kind() int {
	if o.source == autoSource && o.rssOnly || o.source == scanSource() {
		return byScan
	}
	return bySmaps
}

// keptTop is the number of regions that a kept reading has in each order.
const keptTop = 100

// isLarge reports whether a reading for o is too large to be kept.
func (o readOptions) isLarge() bool { return o.top > keptTop || o.keepText || o.compared }

// shareable returns options for a reading that answers o and, unless it is large, all others of its
// kind.
func (o readOptions) shareable() readOptions {
	if !o.isLarge() {
		o.top, o.everySort = keptTop, true
	}
	if o.kind() == byScan { // explicitly, so that the report warns if smaps was read instead
		o.source = scanSource()
	}
	return o
}

// isOwn reports whether o needs a reading that begins after the call, and is not shared.
func (o readOptions) isOwn() bool { return o.isLarge() || o.collectFirst || o.fresh }
