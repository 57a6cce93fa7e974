package plain

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"example.com/memanalyzer/csrc/core"
	"example.com/memanalyzer/go/internal/plain/module"
)

// An instance is a module with its memory. One goroutine at a time uses it.
type instance struct {
	*system
	lock   sync.Mutex
	broken string // the fault that ended it
}

// idle is a system without memory, for the next report. It has a module, which is more than a hundred blocks
// of the Go heap, 8 kB in all.
var idle atomic.Pointer[system]

// newInstance returns nil if there is no memory for it.
func newInstance() *instance {
	s := idle.Swap(nil)
	if s == nil {
		s = &system{memory: new(memory)}
	}
	if !s.memory.allocate() {
		return nil
	}
	m := &instance{system: s}
	m.run(func(*instance) {
		if s.Module == nil {
			s.Module = module.New(s)
		} else {
			s.Reset()
		}
		s.Xinitialize()
	})
	return m
}

// run calls f, unless the instance is broken. A panic in f breaks it: its memory can be in any
// state, but nothing outside of it is.
func (m *instance) run(f func(*instance)) {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.broken != "" {
		return
	}
	defer func() {
		if fault := recover(); fault != nil {
			m.broken = fmt.Sprintf("internal error, please report it: %v%s", fault, faultPlace())
		}
	}()
	f(m)
}

// faultPlace returns the function of package module that has panicked.
func faultPlace() string {
	var callers [16]uintptr
	frames := runtime.CallersFrames(callers[:runtime.Callers(3, callers[:])])
	for {
		frame, more := frames.Next()
		if _, name, ok := strings.Cut(frame.Function, "/module.(*Module)."); ok {
			return " in " + name
		}
		if !more {
			return ""
		}
	}
}

// failure runs a call that returns a status, and returns its error.
func (m *instance) failure(call func(*instance) uint32) (e core.Error) {
	m.run(func(m *instance) {
		if call(m) >= statusOf("EMPTY") {
			e = *toError.Load(m.pointer(m.Xerror_at()))
		}
	})
	if fault := m.fault(); fault.Status != core.OK {
		return fault
	}
	return e
}

func (m *instance) fault() core.Error {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.broken == "" {
		return core.Error{}
	}
	return core.Error{Status: statusOf("SYSTEM"), Message: m.broken}
}

// Close unmaps the memory, and closes the files that a fault has left open. Later calls do nothing.
func (m *instance) Close() {
	m.lock.Lock()
	defer m.lock.Unlock()
	if m.system == nil {
		return
	}
	m.closeFiles()
	m.memory.free()
	if m.broken == "" {
		idle.Store(m.system)
	}
	m.system, m.broken = nil, "the report is closed"
}

// place are the first bytes of glue.c's place.
func (m *instance) place(n int) []byte { return m.memory.bytes(m.Xplace_at(), int32(n)) }

// pointer is for a struct of layout.go.
func (m *instance) pointer(at int32) unsafe.Pointer {
	return unsafe.Pointer(&m.memory.pages[uint32(at)])
}

// bytes are n bytes of the memory, until the module runs again.
func (m *memory) bytes(at, n int32) []byte { return m.pages[uint32(at):][:uint32(n):uint32(n)] }

// text is a string of C.
func (m *memory) text(at int32) string {
	b := m.pages[uint32(at):]
	return string(b[:bytes.IndexByte(b, 0)])
}
