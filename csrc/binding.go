//go:build cgo

// Package csrc is the C library, which cgo compiles because it lies in this folder, and its binding
// to Go. It is for package memanalyzer alone: see package core for what crosses the boundary.
package csrc

/*
#cgo CFLAGS: -std=c11 -O3 -fvisibility=hidden
#cgo race asan msan CFLAGS: -DMEMA_HAS_SHADOW
#cgo noescape mema_report_row_by
#cgo nocallback mema_report_row_by
#include <stdlib.h>
#include "memanalyzer.h"

static const char *status_id(unsigned status)
{
	static const char *const ids[] = {
#define X(id, text) #id,
		MEMA_STATUSES(X)
#undef X
	};
	return status < MEMA_STATUS_COUNT ? ids[status] : NULL;
}

typedef const char *(*texts)(unsigned);
static const char *text_of(texts of, unsigned i) { return of(i); }

// Addresses cross as numbers: the memory is not Go's.
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
	"unsafe"

	"example.com/memanalyzer/csrc/core"
)

// Pairs of Go and C structs.
var (
	toResults = core.NewMirror[core.Results, C.struct_mema_report]("checks", "row_count", "context", "after", "options")
	toName    = core.NewMirror[core.Name, C.struct_mema_name]()
	toRegion  = core.NewMirror[core.Region, C.struct_mema_region]()
	toMalloc  = core.NewMirror[core.Malloc, C.struct_mema_malloc]()
	toError   = core.NewMirror[core.Error, C.struct_mema_error]()
	facts     = core.NewMirror[core.Facts, C.struct_mema_facts]()
	limits    = core.NewMirror[core.Limits, C.struct_mema_limits]()
	options   = core.NewMirror[core.Options, C.struct_mema_options]()
	_         = core.ExpectMembers[C.struct_mema_checks]("totals_only", "libc_unasked", "scan_missed", "contradictory", "without_rss", "overlapping", "grown", "repeated", "rows_lost", "labels_lost", "other_named", "go_surplus")
	_         = core.ExpectMembers[C.struct_mema_context]("facts", "owners", "names", "owner_count", "heaps_known", "bss_known", "exe_deleted", "without_cgo", "program", "allocator", "go_version", "threads", "limits", "malloc_drift", "exe_length", "exe")
	_         = core.ExpectMembers[C.struct_mema_label_options]("unnamed", "anchor")
	output    = core.NewMirror[core.OutputOptions, C.struct_mema_output_options]()
)

// alloc returns nil if there is no memory, for which C.malloc would end the program.
func alloc[T any](n uint64) *T {
	return (*T)(C.realloc(nil, C.size_t(n)*C.size_t(unsafe.Sizeof(*new(T)))))
}

// Library is the C library.
type Library struct{}

func (Library) Tables() core.Tables {
	t := core.Tables{
		Fields: table(C.mema_field_label), GroupIDs: table(C.mema_group_stable_id), GroupNames: table(C.mema_group_name),
		CategoryIDs: table(C.mema_category_stable_id), CategoryNames: table(C.mema_category_name),
		Methods: table(C.mema_method_name), Parts: table(C.mema_part_stable_id), Proofs: table(C.mema_proof_stable_id),
		Limits: table(C.mema_limit_id), Allocators: table(C.mema_allocator_name), Sorts: table(C.mema_sort_name), Sources: table(C.mema_source_name),
		Units: table(C.mema_unit_name), Formats: table(C.mema_format_name), MediaTypes: table(C.mema_format_media_type),
	}
	for i := range C.MEMA_STATUS_COUNT {
		t.Statuses = append(t.Statuses, C.GoString(C.status_id(C.uint(i))))
	}
	for i := range t.CategoryIDs {
		t.CategoryGroups = append(t.CategoryGroups, int(C.mema_category_group(C.uint(i))))
	}
	for i := range t.Formats {
		t.FormatDifferences = append(t.FormatDifferences, bool(C.mema_format_has_differences(C.uint(i))))
	}
	return t
}

func table(of unsafe.Pointer) []string {
	var texts []string
	for i := C.uint(0); ; i++ {
		text := C.text_of(C.texts(of), i)
		if text == nil {
			return texts
		}
		texts = append(texts, C.GoString(text))
	}
}

func (Library) Malloc() core.Malloc {
	var m C.struct_mema_malloc
	C.mema_malloc_read(&m)
	return *toMalloc.Load(unsafe.Pointer(&m))
}

// failure is an Error without one unless the call failed.
func failure(status C.enum_mema_status, e *C.struct_mema_error) core.Error {
	if status < C.MEMA_STATUS_EMPTY {
		return core.Error{}
	}
	return *toError.Load(unsafe.Pointer(e))
}

func (Library) Label(at, size uintptr, name string, anchor uint64) core.Error {
	var e C.struct_mema_error
	text := (*C.char)(unsafe.Pointer(unsafe.StringData(name)))
	return failure(C.label(C.uintptr_t(at), C.size_t(size), text, C.size_t(len(name)), C.uint64_t(anchor), &e), &e)
}

func (Library) RemoveLabel(at, size uintptr) core.Error {
	var e C.struct_mema_error
	return failure(C.remove_label(C.uintptr_t(at), C.size_t(size), &e), &e)
}

type report struct {
	c      *C.struct_mema_report
	parser *C.struct_mema_smaps // nil before Feed
}

func (Library) New(o core.Options, f core.Facts, l core.Limits) core.Report {
	var context C.struct_mema_context
	var cOptions C.struct_mema_options
	r := &report{c: alloc[C.struct_mema_report](1)}
	if r.c == nil {
		return nil
	}
	facts.Store(unsafe.Pointer(&context.facts), &f)
	limits.Store(unsafe.Pointer(&context.limits), &l)
	options.Store(unsafe.Pointer(&cOptions), &o)
	C.mema_report_init(r.c, &context, &cOptions)
	return r
}

func (r *report) Collect(pid uint64) core.Error {
	var e C.struct_mema_error
	return failure(C.mema_collect(r.c, C.uint64_t(pid), &e), &e)
}

func (r *report) Feed(piece []byte) core.Error {
	var e C.struct_mema_error
	if r.parser == nil {
		if r.parser = alloc[C.struct_mema_smaps](1); r.parser == nil {
			return core.Error{Status: C.MEMA_STATUS_NO_MEMORY, Message: "no memory for the parser"}
		}
		C.mema_smaps_init(r.parser)
	}
	data := (*C.char)(unsafe.Pointer(unsafe.SliceData(piece)))
	return failure(C.mema_collect_feed(r.c, r.parser, data, C.size_t(len(piece)), &e), &e)
}

func (r *report) Finish(after *core.Facts) {
	if after == nil {
		C.mema_report_finish(r.c, nil)
		return
	}
	var c C.struct_mema_facts
	facts.Store(unsafe.Pointer(&c), after)
	C.mema_report_finish(r.c, &c)
}

func (r *report) Results() *core.Results { return toResults.Load(unsafe.Pointer(r.c)) }
func (r *report) Limits() core.Limits    { return *limits.Load(unsafe.Pointer(&r.c.context.limits)) }
func (r *report) Rows(sort uint32) uint64 {
	return uint64(C.mema_report_rows_by(r.c, C.uint(sort)))
}

func (r *report) Name(i uint64) core.Name {
	var n C.struct_mema_name
	C.mema_report_name(r.c, C.uint64_t(i), &n)
	return *toName.Load(unsafe.Pointer(&n))
}

func (r *report) Row(sort uint32, i uint64) core.Region {
	var g C.struct_mema_region
	C.mema_report_row_by(r.c, C.uint(sort), C.uint64_t(i), &g)
	return *toRegion.Load(unsafe.Pointer(&g))
}

func (r *report) Warning(i uint32) string {
	var text [C.MEMA_WARNING_MAX]C.char
	C.mema_report_warning(r.c, C.uint(i), &text[0], C.MEMA_WARNING_MAX)
	return C.GoString(&text[0])
}

// Fault never returns one: a fault in C ends the program.
func (r *report) Fault() core.Error { return core.Error{} }

func (r *report) Close() {
	C.mema_report_free(r.c)
	C.free(unsafe.Pointer(r.c))
	C.free(unsafe.Pointer(r.parser))
}

type written struct {
	c       *C.struct_mema_output
	diff    *C.struct_mema_diff // nil: of one report
	changes *C.struct_mema_change
}

func (r *report) Write(o core.OutputOptions) core.Output {
	w := written{c: alloc[C.struct_mema_output](1)}
	if w.c == nil {
		return nil
	}
	var cOptions C.struct_mema_output_options
	output.Store(unsafe.Pointer(&cOptions), &o)
	C.mema_output_init(w.c, r.c, &cOptions)
	return w
}

func (r *report) WriteDifferences(from core.Report, o core.OutputOptions) core.Output {
	before := from.(*report).c
	if before.checks.rows_lost+r.c.checks.rows_lost > 0 {
		return nil
	}
	rows := uint64(before.row_count + r.c.row_count)
	w := written{alloc[C.struct_mema_output](1), alloc[C.struct_mema_diff](1), alloc[C.struct_mema_change](1 + rows)}
	if w.c == nil || w.diff == nil || w.changes == nil {
		w.Close()
		return nil
	}
	var cOptions C.struct_mema_output_options
	output.Store(unsafe.Pointer(&cOptions), &o)
	C.mema_diff_init(w.diff, before, r.c, w.changes)
	C.mema_output_init_diff(w.c, w.diff, &cOptions)
	return w
}

func (w written) Next(buf []byte) int {
	return int(C.mema_output_next(w.c, (*C.char)(unsafe.Pointer(unsafe.SliceData(buf))), C.size_t(len(buf))))
}

func (w written) Close() {
	C.free(unsafe.Pointer(w.c))
	C.free(unsafe.Pointer(w.diff))
	C.free(unsafe.Pointer(w.changes))
}
