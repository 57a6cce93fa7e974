//go:build cgo

// Package csrc is the C core, compiled by cgo because it lies in this folder.
// It is for package memanalyzer alone, which says what the numbers mean: only
// numbers, strings and bytes cross here, so that a core made in another way can
// stand in its place.
package csrc

/*
#cgo CFLAGS: -std=c11 -O3 -fvisibility=hidden
#cgo race asan msan CFLAGS: -DMEMA_HAS_SHADOW
#cgo noescape mema_report_row_by
#cgo nocallback mema_report_row_by
#include <stdlib.h>
#include "memanalyzer.h"

// One number for each table whose names Go asks for.
enum { FIELDS, GROUP_IDS, GROUP_NAMES, CATEGORY_IDS, CATEGORY_NAMES, METHODS, PARTS, PROOFS, LIMITS, SORTS, SOURCES, UNITS, FORMS, MEDIA_TYPES };

static const char *table_text(unsigned table, unsigned index)
{
	static const char *(*const texts[])(unsigned) = {
		mema_field_label, mema_group_stable_id, mema_group_name, mema_category_stable_id,
		mema_category_name, mema_method_name, mema_part_id, mema_proof_id, mema_limit_id,
		mema_sort_name, mema_source_name, mema_unit_name, mema_form_name, mema_form_media_type,
	};
	return texts[table](index);
}

// All that one reading needs, so that there is one allocation that can fail.
struct reading {
	struct mema_report report;
	struct mema_smaps parser;
};

static struct reading *new_reading(void) // C.malloc would end the program
{
	return malloc(sizeof(struct reading));
}

// What is being written of a reading, or of what changed between two. A reading is not
// changed by it: there can be several at a time.
struct writing {
	struct mema_output output;
	struct mema_diff diff;
	struct mema_change changes[];
};

static struct writing *write_report(const struct reading *r, const struct mema_output_options *options)
{
	struct writing *w = malloc(sizeof *w);

	if (w)
		mema_output_init(&w->output, &r->report, options);
	return w;
}

static struct writing *write_diff(const struct reading *before, const struct reading *now,
                                  const struct mema_output_options *options)
{
	uint64_t rows = before->report.row_count + now->report.row_count;
	struct writing *w = before->report.rows_lost + now->report.rows_lost > 0
	                            ? NULL
	                            : malloc(sizeof *w + (size_t)rows * sizeof *w->changes);

	if (!w)
		return NULL;
	mema_diff_init(&w->diff, &before->report, &now->report, w->changes);
	mema_output_init_diff(&w->output, &w->diff, options);
	return w;
}

static enum mema_status label(uintptr_t at, size_t size, const char *name, size_t length, uint64_t anchor,
                              struct mema_error *error)
{
	struct mema_label_options options = { .anchor = anchor };

	return mema_label((const void *)at, size, name, length, &options, error);
}

static enum mema_status remove_label(uintptr_t at, size_t size, struct mema_error *error)
{
	return mema_label_remove((const void *)at, size, error);
}
*/
import "C"

import (
	"bytes"
	"unsafe"
)

// The tables of memanalyzer.h, for Table.
const (
	Fields        = C.FIELDS
	GroupIDs      = C.GROUP_IDS
	GroupNames    = C.GROUP_NAMES
	CategoryIDs   = C.CATEGORY_IDS
	CategoryNames = C.CATEGORY_NAMES
	Methods       = C.METHODS
	Parts         = C.PARTS
	Proofs        = C.PROOFS
	Limits        = C.LIMITS
	Sorts         = C.SORTS
	Sources       = C.SOURCES
	Units         = C.UNITS
	Forms         = C.FORMS
	MediaTypes    = C.MEDIA_TYPES
)

// HasDifferences says whether there are differences in a form.
func HasDifferences(form int) bool { return C.mema_form_has_differences(C.uint(form)) != 0 }

// Statuses that Go tells apart; see MEMA_STATUSES.
const (
	OK           = C.MEMA_OK
	Empty        = C.MEMA_EMPTY
	Malformed    = C.MEMA_MALFORMED
	Overflow     = C.MEMA_OVERFLOW
	Truncated    = C.MEMA_TRUNCATED
	NoProcess    = C.MEMA_NO_PROCESS
	Ended        = C.MEMA_ENDED
	Replaced     = C.MEMA_REPLACED
	Zombie       = C.MEMA_ZOMBIE
	KernelThread = C.MEMA_KERNEL_THREAD
	NotPermitted = C.MEMA_NOT_PERMITTED
	Protected    = C.MEMA_PROTECTED
	NoProc       = C.MEMA_NO_PROC
	NoMemory     = C.MEMA_NO_MEMORY
	NoPage       = C.MEMA_NO_PAGE
	BadName      = C.MEMA_BAD_NAME
	Labelled     = C.MEMA_LABELLED
	NoLabel      = C.MEMA_NO_LABEL
	NotMapped    = C.MEMA_NOT_MAPPED
	NotAnonymous = C.MEMA_NOT_ANONYMOUS
	OnGoHeap     = C.MEMA_ON_GO_HEAP
	Unsupported  = C.MEMA_UNSUPPORTED
)

// Table returns the texts of a table, in the order of its numbers.
func Table(table int) []string {
	var texts []string
	for i := C.uint(0); ; i++ {
		text := C.table_text(C.uint(table), i)
		if text == nil {
			return texts
		}
		texts = append(texts, C.GoString(text))
	}
}

// CategoryGroup returns the number of the group that a category belongs to.
func CategoryGroup(category int) int {
	return int(C.mema_category_group(C.uint(category)))
}

// Failure is a struct mema_error; the zero value is none.
type Failure struct {
	Status, System, Line, Column uint64
	Message                      string
}

// Report owns the C memory of one report. Close frees it.
type Report struct{ c *C.struct_reading }

// EverySort is a report's order where it has as many rows in each.
const EverySort = C.MEMA_EVERY_SORT

// New begins a report of the given number of rows in the given order; nil where
// there is no memory for it. facts are those of struct mema_facts, in its order, and
// limits of struct mema_limits; none where nothing is known.
func New(facts, limits []uint64, top, sort uint64) *Report {
	r := &Report{C.new_reading()}
	if r.c == nil {
		return nil
	}
	context := C.struct_mema_context{facts: factsOf(facts)}
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(&context.limits)), unsafe.Sizeof(context.limits)/8), limits)
	options := C.struct_mema_options{top: C.uint64_t(top), sort: C.uint64_t(sort)}
	C.mema_report_init(&r.c.report, &context, &options)
	C.mema_smaps_init(&r.c.parser)
	return r
}

// Prepare has RenderDifferences compare this report with another one that is prepared.
func (r *Report) Prepare() { C.mema_diff_prepare(&r.c.report) }

// Source has Collect read from a source of the table Sources; auto is for Rss only, or for
// all that smaps has.
func (r *Report) Source(source uint64, rssOnly bool) {
	only := C.uint(0)
	if rssOnly {
		only = 1
	}
	C.mema_report_source(&r.c.report, C.uint(source), only)
}

// Scanned says whether a scan was the source.
func (r *Report) Scanned() bool { return r.c.report.scanned != 0 }

// KeepText has Collect keep the text, which a saved capture ends with.
func (r *Report) KeepText() { C.mema_report_keep_text(&r.c.report) }

// Malloc returns the struct mema_malloc of this process, as it is now.
func Malloc() []uint64 {
	var m C.struct_mema_malloc
	C.mema_malloc_read(&m)
	return words(unsafe.Pointer(&m), C.sizeof_struct_mema_malloc/8)
}

func factsOf(words []uint64) C.struct_mema_facts {
	var f C.struct_mema_facts
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(&f)), unsafe.Sizeof(f)/8), words)
	return f
}

func failure(e *C.struct_mema_error) Failure {
	return Failure{uint64(e.status), uint64(e.system), uint64(e.line), uint64(e.column),
		C.GoString(&e.message[0])}
}

// Label gives a name to size bytes at an address; anchor is one on the Go heap.
func Label(at, size uintptr, name string, anchor uint64) Failure {
	var e C.struct_mema_error
	text := (*C.char)(unsafe.Pointer(unsafe.StringData(name)))
	if C.label(C.uintptr_t(at), C.size_t(size), text, C.size_t(len(name)), C.uint64_t(anchor), &e) != C.MEMA_OK {
		return failure(&e)
	}
	return Failure{}
}

// RemoveLabel takes it back.
func RemoveLabel(at, size uintptr) Failure {
	var e C.struct_mema_error
	if C.remove_label(C.uintptr_t(at), C.size_t(size), &e) != C.MEMA_OK {
		return failure(&e)
	}
	return Failure{}
}

// Collect reads the process pid; 0 is this one.
func (r *Report) Collect(pid uint64) Failure {
	var e C.struct_mema_error
	if C.mema_collect(&r.c.report, C.uint64_t(pid), &e) != C.MEMA_OK {
		return failure(&e)
	}
	return Failure{}
}

// Feed takes the next piece of a smaps text; nil closes it.
func (r *Report) Feed(piece []byte) Failure {
	var e C.struct_mema_error
	data := (*C.char)(unsafe.Pointer(unsafe.SliceData(piece)))
	if C.mema_collect_feed(&r.c.report, &r.c.parser, data, C.size_t(len(piece)), &e) >= C.MEMA_EMPTY {
		return failure(&e)
	}
	return Failure{}
}

// Finish closes the report; facts are those of New, read again, or none: then what
// a capture says counts.
func (r *Report) Finish(facts []uint64) {
	if facts == nil {
		C.mema_report_finish(&r.c.report, nil)
		return
	}
	after := factsOf(facts)
	C.mema_report_finish(&r.c.report, &after)
}

// words copies the first n numbers of a struct.
func words(p unsafe.Pointer, n uintptr) []uint64 {
	return append([]uint64(nil), unsafe.Slice((*uint64)(p), n)...)
}

// text copies the first n bytes, or, where n is -1, those before the NUL. C.GoString would
// have all that it copies from allocated: of a row some kilobytes.
func text(c []C.char, n int) string {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(c))), len(c))
	if n < 0 {
		n = bytes.IndexByte(b, 0)
	}
	return string(b[:n])
}

// Totals returns a struct mema_sums.
func (r *Report) Totals() []uint64 {
	return words(unsafe.Pointer(&r.c.report.totals), C.sizeof_struct_mema_sums/8)
}

// Category returns a struct mema_category.
func (r *Report) Category(i int) []uint64 {
	return words(unsafe.Pointer(&r.c.report.category[i]), C.sizeof_struct_mema_category/8)
}

// Part returns a struct mema_part.
func (r *Report) Part(i int) []uint64 {
	return words(unsafe.Pointer(&r.c.report.part[i]), C.sizeof_struct_mema_part/8)
}

// Proof returns a struct mema_proof.
func (r *Report) Proof(i int) []uint64 {
	return words(unsafe.Pointer(&r.c.report.proof[i]), C.sizeof_struct_mema_proof/8)
}

// Limits returns the struct mema_limits.
func (r *Report) Limits() []uint64 {
	return words(unsafe.Pointer(&r.c.report.context.limits), C.sizeof_struct_mema_limits/8)
}

// Names returns how many names there are.
func (r *Report) Names() int { return int(r.c.report.name_count) }

// Name returns a struct mema_name: its sums and its text.
func (r *Report) Name(i int) (sums []uint64, text string) {
	var n C.struct_mema_name
	C.mema_report_name(&r.c.report, C.uint64_t(i), &n)
	return words(unsafe.Pointer(&n.sums), C.sizeof_struct_mema_sums/8), C.GoStringN(&n.name[0], C.int(n.length))
}

// Rows returns how many rows there are in an order; a report without [EverySort] has
// its own only.
func (r *Report) Rows(sort uint64) int {
	return int(C.mema_report_rows_by(&r.c.report, C.uint64_t(sort)))
}

// Row returns a struct mema_region: the numbers before its texts, and these.
func (r *Report) Row(sort uint64, i int) (numbers []uint64, perms, flags, name string) {
	var g C.struct_mema_region
	C.mema_report_row_by(&r.c.report, C.uint64_t(sort), C.uint64_t(i), &g)
	return words(unsafe.Pointer(&g), unsafe.Offsetof(g.perms)/8),
		text(g.perms[:], -1), text(g.vm_flags[:], -1), text(g.name[:], int(g.name_length))
}

// Warning returns warning i, "" when there are no more.
func (r *Report) Warning(i int) string {
	var text [160]C.char
	C.mema_report_warning(&r.c.report, C.uint(i), &text[0], C.size_t(len(text)))
	return C.GoString(&text[0])
}

// A Rendering says how a report is written; its numbers are those of struct
// mema_output_options.
type Rendering struct {
	Form, Unit, Top, Sort uint64
	HideAddresses         bool
	RSSOnly               bool
	Origin                []uint64 // a struct mema_origin; nil: a file's
}

func (f Rendering) options() *C.struct_mema_output_options {
	options := &C.struct_mema_output_options{
		form: C.uint64_t(f.Form), unit: C.uint64_t(f.Unit), top: C.uint64_t(f.Top), sort: C.uint64_t(f.Sort),
	}
	if f.HideAddresses {
		options.hide_addresses = 1
	}
	if f.RSSOnly {
		options.rss_only = 1
	}
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(&options.origin)), unsafe.Sizeof(options.origin)/8), f.Origin)
	return options
}

// Output owns the C memory of what is being written of a report. Close frees it.
type Output struct{ c *C.struct_writing }

// Write begins an output of the finished report, which must not be closed before it;
// nil where there is no memory for it.
func (r *Report) Write(f Rendering) *Output {
	return newOutput(C.write_report(r.c, f.options()))
}

// WriteDifferences begins one of what has changed since before; both must not be closed
// before it.
func (r *Report) WriteDifferences(before *Report, f Rendering) *Output {
	return newOutput(C.write_diff(before.c, r.c, f.options()))
}

func newOutput(c *C.struct_writing) *Output {
	if c == nil {
		return nil
	}
	return &Output{c}
}

// Next fills buf with the output's next bytes and returns how many; 0 at its end.
func (o *Output) Next(buf []byte) int {
	return int(C.mema_output_next(&o.c.output, (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.size_t(len(buf))))
}

// Close frees the output, which is void then.
func (o *Output) Close() {
	C.free(unsafe.Pointer(o.c))
	o.c = nil
}

// Close frees the report, which is void then.
func (r *Report) Close() {
	C.mema_report_free(&r.c.report)
	C.free(unsafe.Pointer(r.c))
	r.c = nil
}
