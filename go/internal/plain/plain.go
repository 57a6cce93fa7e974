// Package plain is the C library for builds without cgo: package module, which is its translation
// to Go, and the system calls that it imports. It makes the same reports as package csrc, except
// that it knows no C library in the process.
package plain

import (
	"encoding/binary"
	"runtime"
	"slices"
	"sync"

	"example.com/memanalyzer/csrc/core"
	"example.com/memanalyzer/go/internal/plain/module"
)

// Pairs of Go structs and those of layout.go.
var (
	toResults = mirror[core.Results, mema_report]("checks", "row_count", "context", "after", "options")
	toName    = mirror[core.Name, mema_name]()
	toRegion  = mirror[core.Region, mema_region]()
	toError   = mirror[core.Error, mema_error]()
	facts     = mirror[core.Facts, mema_facts]()
	limits    = mirror[core.Limits, mema_limits]()
	options   = mirror[core.Options, mema_options]()
	output    = mirror[core.OutputOptions, mema_output_options]()
)

func mirror[T, C any](unread ...string) core.Mirror[T] {
	return core.NewMirror[T, C](unread...).LittleEndian()
}

// Library makes reports in modules: each report has a module of its own.
type Library struct{}

var tables = sync.OnceValue(func() core.Tables {
	var t core.Tables
	m := &instance{system: &system{memory: &memory{make([]byte, initialMemory)}}} // which is on the Go heap
	m.Module = module.New(m.system)
	m.run(func(m *instance) {
		for i, list := range []*[]string{
			&t.Fields, &t.GroupIDs, &t.GroupNames, &t.CategoryIDs, &t.CategoryNames, &t.Methods, &t.Parts, &t.Proofs,
			&t.Limits, &t.Allocators, &t.Sorts, &t.Sources, &t.Units, &t.Formats, &t.MediaTypes, &t.Statuses,
		} {
			for text := m.Xtable_text(int32(i), 0); text != 0; text = m.Xtable_text(int32(i), int32(len(*list))) {
				*list = append(*list, m.memory.text(text))
			}
		}
		for i := range t.CategoryIDs {
			t.CategoryGroups = append(t.CategoryGroups, int(m.Xcategory_group(int32(i))))
		}
		for i := range t.Formats {
			t.FormatDifferences = append(t.FormatDifferences, m.Xformat_has_differences(int32(i)) != 0)
		}
	})
	return t
})

// Tables returns a copy that the caller may change.
func (Library) Tables() core.Tables {
	t := tables()
	t.Formats, t.MediaTypes = slices.Clone(t.Formats), slices.Clone(t.MediaTypes)
	t.FormatDifferences = slices.Clone(t.FormatDifferences)
	return t
}

// Malloc says that nothing is known: without cgo, no C library can be asked.
func (Library) Malloc() core.Malloc { return core.Malloc{} }

// A report is the one of its module.
type report struct {
	*instance
	at     int32
	parses bool
}

func (Library) New(o core.Options, f core.Facts, l core.Limits) core.Report {
	r := &report{instance: newInstance()}
	if r.instance == nil {
		return nil
	}
	r.run(func(m *instance) {
		facts.Store(m.pointer(m.Xplace_at()), &f)
		limits.Store(m.pointer(m.Xlimits_at()), &l)
		options.Store(m.pointer(m.Xoptions_at()), &o)
		r.at = m.Xbegin()
	})
	if r.at == 0 && r.fault().Status == core.OK {
		r.Close()
		return nil
	}
	return r
}

func (r *report) Collect(pid uint64) core.Error {
	if !hasSource {
		return core.Error{Status: statusOf("UNSUPPORTED")}
	}
	runtime.LockOSThread() // the thread whose files in /proc are open must not end meanwhile
	defer runtime.UnlockOSThread()
	return r.failure(func(m *instance) uint32 { return uint32(m.Xcollect(int64(pid))) })
}

func (r *report) Feed(piece []byte) core.Error {
	return r.failure(func(m *instance) uint32 {
		if !r.parses && m.Xfeed_begin() == 0 { // which says why
			return statusOf("NO_MEMORY")
		}
		r.parses = true
		if piece == nil {
			return uint32(m.Xfeed_end())
		}
		for len(piece) > 0 {
			n := copy(m.place(placeSize), piece)
			if status := uint32(m.Xfeed(int32(n))); status >= statusOf("EMPTY") {
				return status
			}
			piece = piece[n:]
		}
		return core.OK
	})
}

func (r *report) Finish(after *core.Facts) {
	r.run(func(m *instance) {
		if after != nil {
			facts.Store(m.pointer(m.Xplace_at()), after)
			m.Xfinish(1)
		} else {
			m.Xfinish(0)
		}
	})
}

func (r *report) Results() *core.Results {
	results := new(core.Results)
	r.run(func(m *instance) { results = toResults.Load(m.pointer(r.at)) })
	return results
}

func (r *report) Limits() (found core.Limits) {
	r.run(func(m *instance) { found = *limits.Load(m.pointer(m.Xlimits_found_at())) })
	return found
}

func (r *report) Rows(sort uint32) (n uint64) {
	r.run(func(m *instance) { n = uint64(m.Xrows(int32(sort))) })
	return n
}

func (r *report) Name(i uint64) (name core.Name) {
	r.run(func(m *instance) {
		m.Xname(int64(i))
		name = *toName.Load(m.pointer(m.Xplace_at()))
	})
	return name
}

func (r *report) Row(sort uint32, i uint64) (row core.Region) {
	r.run(func(m *instance) {
		m.Xrow(int32(sort), int64(i))
		row = *toRegion.Load(m.pointer(m.Xplace_at()))
	})
	return row
}

func (r *report) Warning(i uint32) (text string) {
	r.run(func(m *instance) { text = string(m.place(int(m.Xwarning(int32(i))))) })
	return text
}

// Fault returns the error of a report that failed because of a fault in this library.
func (r *report) Fault() core.Error { return r.fault() }

func (r *report) Write(o core.OutputOptions) core.Output {
	return r.write(o, func(m *instance) int32 { return m.Xwrite() })
}

func (r *report) WriteDifferences(from core.Report, o core.OutputOptions) core.Output {
	var before []byte
	from.(*report).run(func(m *instance) {
		head, arena := m.memory.bytes(from.(*report).at, m.Xreport_size()), m.memory.bytes(m.Xarena_at(), int32(m.Xarena_size()))
		before = slices.Concat(head, arena)
	})
	return r.write(o, func(m *instance) int32 {
		at := m.Xallocate(int32(len(before)))
		if at == 0 || len(before) == 0 {
			return 0
		}
		copy(m.memory.bytes(at, int32(len(before))), before)
		return m.Xwrite_differences(at)
	})
}

func (r *report) write(o core.OutputOptions, begin func(*instance) int32) core.Output {
	w := written{instance: r.instance}
	r.run(func(m *instance) {
		output.Store(m.pointer(m.Xplace_at()), &o)
		w.at = begin(m)
	})
	if w.at == 0 {
		return nil
	}
	return w
}

// written is a struct writing of glue.c.
type written struct {
	*instance
	at int32
}

func (w written) Next(buf []byte) (n int) {
	w.run(func(m *instance) { n = copy(buf, m.place(int(m.Xnext(w.at, int32(min(len(buf), placeSize)))))) })
	return n
}

func (w written) Close() { w.run(func(m *instance) { m.Xend_writing(w.at) }) }

// placeSize is the least size of glue.c's place.
const placeSize = 8192

// statusOf returns the number of a status.
func statusOf(id string) uint32 { return uint32(slices.Index(tables().Statuses, id)) }

// putWords writes numbers of 64 bits.
func putWords(to []byte, words ...uint64) {
	for i, w := range words {
		binary.LittleEndian.PutUint64(to[8*i:], w)
	}
}
