//go:build cgo

// Package csrc is the C core, compiled by cgo because it lies in this folder.
// It is for package memanalyzer alone, which says what the numbers mean: only
// numbers, strings and bytes cross here, so that a core made in another way can
// stand in its place.
package csrc

/*
#cgo CFLAGS: -std=c11 -O2 -fvisibility=hidden
#include <stdlib.h>
#include "memanalyzer.h"

// One number for each table whose names Go asks for.
enum { FIELDS, GROUP_IDS, GROUP_NAMES, CATEGORY_IDS, CATEGORY_NAMES, METHODS, SORTS, UNITS };

static const char *table_text(unsigned table, unsigned index)
{
	static const char *(*const texts[])(unsigned) = {
		mema_field_label, mema_group_stable_id, mema_group_name, mema_category_stable_id,
		mema_category_name, mema_method_name, mema_sort_name, mema_unit_name,
	};
	return texts[table](index);
}
*/
import "C"

import "unsafe"

// The tables of memanalyzer.h, for Table.
const (
	Fields        = C.FIELDS
	GroupIDs      = C.GROUP_IDS
	GroupNames    = C.GROUP_NAMES
	CategoryIDs   = C.CATEGORY_IDS
	CategoryNames = C.CATEGORY_NAMES
	Methods       = C.METHODS
	Sorts         = C.SORTS
	Units         = C.UNITS
)

// Statuses that Go tells apart; see MEMA_STATUSES.
const (
	OK          = C.MEMA_OK
	Empty       = C.MEMA_EMPTY
	Malformed   = C.MEMA_MALFORMED
	Overflow    = C.MEMA_OVERFLOW
	Truncated   = C.MEMA_TRUNCATED
	Unsupported = C.MEMA_UNSUPPORTED
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
type Report struct {
	report *C.struct_mema_report
	parser *C.struct_mema_smaps  // nil until Feed
	text   *C.struct_mema_text   // nil until Text
	row    *C.struct_mema_region // nil until Row
}

// New begins a report of the given number of rows in the given order. facts are
// those of struct mema_go, in its order; none where nothing is known.
func New(facts []uint64, top, sort uint64) *Report {
	r := &Report{report: (*C.struct_mema_report)(C.malloc(C.sizeof_struct_mema_report))}
	context := C.struct_mema_context{_go: goFacts(facts)}
	options := C.struct_mema_options{top: C.uint64_t(top), sort: C.uint64_t(sort)}
	C.mema_report_init(r.report, &context, &options)
	return r
}

func goFacts(facts []uint64) C.struct_mema_go {
	var g C.struct_mema_go
	copy(unsafe.Slice((*uint64)(unsafe.Pointer(&g)), unsafe.Sizeof(g)/8), facts)
	return g
}

func failure(e *C.struct_mema_error) Failure {
	return Failure{uint64(e.status), uint64(e.system), uint64(e.line), uint64(e.column),
		C.GoString(&e.message[0])}
}

// Collect reads this process.
func (r *Report) Collect() Failure {
	var e C.struct_mema_error
	if C.mema_collect(r.report, 0, &e) != C.MEMA_OK {
		return failure(&e)
	}
	return Failure{}
}

// Feed takes the next piece of a smaps text; nil closes it.
func (r *Report) Feed(piece []byte) Failure {
	if r.parser == nil {
		r.parser = (*C.struct_mema_smaps)(C.malloc(C.sizeof_struct_mema_smaps))
		C.mema_smaps_init(r.parser)
	}
	var e C.struct_mema_error
	data := (*C.char)(unsafe.Pointer(unsafe.SliceData(piece)))
	if C.mema_collect_feed(r.report, r.parser, data, C.size_t(len(piece)), &e) >= C.MEMA_EMPTY {
		return failure(&e)
	}
	return Failure{}
}

// Finish closes the report; facts are those of New, read again.
func (r *Report) Finish(facts []uint64) {
	after := goFacts(facts)
	C.mema_report_finish(r.report, &after)
}

// words copies the first n numbers of a struct.
func words(p unsafe.Pointer, n uintptr) []uint64 {
	return append([]uint64(nil), unsafe.Slice((*uint64)(p), n)...)
}

// Totals returns a struct mema_sums.
func (r *Report) Totals() []uint64 {
	return words(unsafe.Pointer(&r.report.totals), C.sizeof_struct_mema_sums/8)
}

// Category returns a struct mema_category.
func (r *Report) Category(i int) []uint64 {
	return words(unsafe.Pointer(&r.report.category[i]), C.sizeof_struct_mema_category/8)
}

// Names returns how many names there are.
func (r *Report) Names() int { return int(r.report.name_count) }

// Name returns a struct mema_name: its sums and its text.
func (r *Report) Name(i int) (sums []uint64, text string) {
	var n C.struct_mema_name
	C.mema_report_name(r.report, C.uint64_t(i), &n)
	return words(unsafe.Pointer(&n.sums), C.sizeof_struct_mema_sums/8), C.GoStringN(&n.name[0], C.int(n.length))
}

// Rows returns how many rows there are.
func (r *Report) Rows() int { return int(r.report.row_count) }

// Row returns a struct mema_region: the numbers before its texts, and these.
func (r *Report) Row(i int) (numbers []uint64, perms, flags, name string) {
	if r.row == nil {
		r.row = (*C.struct_mema_region)(C.malloc(C.sizeof_struct_mema_region))
	}
	g := r.row
	C.mema_report_row(r.report, C.uint64_t(i), g)
	return words(unsafe.Pointer(g), unsafe.Offsetof(g.perms)/8),
		C.GoString(&g.perms[0]), C.GoString(&g.vm_flags[0]), C.GoStringN(&g.name[0], C.int(g.name_length))
}

// Warning returns warning i, "" when there are no more.
func (r *Report) Warning(i int) string {
	var text [160]C.char
	C.mema_report_warning(r.report, C.uint(i), &text[0], C.size_t(len(text)))
	return C.GoString(&text[0])
}

// Text begins the text of the finished report.
func (r *Report) Text(unit uint64, hideAddresses bool) {
	options := C.struct_mema_text_options{unit: C.uint64_t(unit)}
	if hideAddresses {
		options.hide_addresses = 1
	}
	if r.text == nil {
		r.text = (*C.struct_mema_text)(C.malloc(C.sizeof_struct_mema_text))
	}
	C.mema_text_init(r.text, r.report, &options)
}

// Next fills buf with the text's next bytes and returns how many; 0 at its end.
func (r *Report) Next(buf []byte) int {
	return int(C.mema_text_next(r.text, (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.size_t(len(buf))))
}

// Close frees the report, which is void then.
func (r *Report) Close() {
	C.mema_report_free(r.report)
	C.free(unsafe.Pointer(r.report))
	C.free(unsafe.Pointer(r.parser))
	C.free(unsafe.Pointer(r.text))
	C.free(unsafe.Pointer(r.row))
	*r = Report{}
}
