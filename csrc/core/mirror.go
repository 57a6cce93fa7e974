package core

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unsafe"
)

// A Mirror copies a C struct to the Go struct of the same members and back.
type Mirror[T any] struct {
	steps   []step
	swapped bool // C has the other byte order
}

type step struct {
	at, in uintptr // offsets in the Go and the C struct
	size   uintptr
	unit   uintptr // bytes of a number
	text   bool    // a string in Go, a char array in C
	length uintptr // where the text's length is; 0: the text ends with a NUL
}

// NewMirror pairs the fields of T with the members of C, a struct of cgo or one that is laid out
// like it, by name. It panics if a field has no member of its size, or a member no field, unless it
// is private (_name) or in unread.
func NewMirror[T, C any](unread ...string) Mirror[T] {
	return Mirror[T]{steps: pair(nil, reflect.TypeFor[T](), reflect.TypeFor[C](), 0, 0, unread)}
}

// LittleEndian is the Mirror for a C struct of that byte order, on any machine.
func (m Mirror[T]) LittleEndian() Mirror[T] {
	m.swapped = binary.NativeEndian.Uint16([]byte{1, 0}) != 1
	return m
}

func pair(m []step, t, c reflect.Type, at, in uintptr, unread []string) []step {
	switch {
	case t.Kind() == reflect.Struct && c.Kind() == reflect.Struct:
		return pairFields(m, t, c, at, in, unread)
	case t.Kind() == reflect.Array && t.Elem().Kind() == reflect.Struct && t.Len() == c.Len():
		for i := range uintptr(t.Len()) {
			m = pair(m, t.Elem(), c.Elem(), at+i*t.Elem().Size(), in+i*c.Elem().Size(), nil)
		}
		return m
	case t.Kind() != reflect.String && (t.Size() != c.Size() || (t.Kind() == reflect.Bool) != (c.Kind() == reflect.Bool)):
		panic(fmt.Sprintf("core: %v is not %v", t, c))
	}
	unit := c
	if c.Kind() == reflect.Array {
		unit = c.Elem()
	}
	return append(m, step{at: at, in: in, size: c.Size(), unit: unit.Size(), text: t.Kind() == reflect.String})
}

// fields are the members of a C struct that are not private. cgo's spelling of the member go is _go.
func fields(c reflect.Type) map[string]reflect.StructField {
	all := map[string]reflect.StructField{}
	for i := range c.NumField() {
		if name := strings.Replace(c.Field(i).Name, "_go", "go", 1); name[0] != '_' {
			all[name] = c.Field(i)
		}
	}
	return all
}

func pairFields(m []step, t, c reflect.Type, at, in uintptr, unread []string) []step {
	left := fields(c)
	for _, name := range unread {
		delete(left, name)
	}
	for i := range t.NumField() {
		f, name := t.Field(i), memberName(t.Field(i).Name)
		member, ok := left[name]
		if !ok {
			panic(fmt.Sprintf("core: %v has no member %s", c, name))
		}
		m = pair(m, f.Type, member.Type, at+f.Offset, in+member.Offset, nil)
		delete(left, name)
		for _, name := range []string{name + "_length", "length"} {
			if length, ok := left[name]; ok && f.Type.Kind() == reflect.String {
				m[len(m)-1].length = in + length.Offset
				delete(left, name)
			}
		}
	}
	for name := range left {
		panic(fmt.Sprintf("core: Go does not read the member %s of %v", name, c))
	}
	return m
}

// ExpectMembers panics if a C struct that has no mirror has other members than these.
func ExpectMembers[C any](members ...string) bool {
	for f := range fields(reflect.TypeFor[C]()) {
		if !slices.Contains(members, f) {
			panic(fmt.Sprintf("core: %v has another member, %s", reflect.TypeFor[C](), f))
		}
	}
	return true
}

// memberName is the C name of a Go field: vm_flags of VMFlags.
func memberName(field string) string {
	var name strings.Builder
	letters := []rune(field)
	for i, r := range letters {
		if i > 0 && unicode.IsUpper(r) && (unicode.IsLower(letters[i-1]) || i+1 < len(letters) && unicode.IsLower(letters[i+1])) {
			name.WriteByte('_')
		}
		name.WriteRune(unicode.ToLower(r))
	}
	return name.String()
}

// Load copies the C struct at c.
func (m Mirror[T]) Load(c unsafe.Pointer) *T {
	t := new(T)
	for _, s := range m.steps {
		from := unsafe.Slice((*byte)(unsafe.Add(c, s.in)), s.size)
		switch to := unsafe.Add(unsafe.Pointer(t), s.at); {
		case !s.text:
			m.copy(unsafe.Slice((*byte)(to), s.size), from, s.unit)
		case s.length > 0:
			var length uint64
			m.copy(unsafe.Slice((*byte)(unsafe.Pointer(&length)), 8), unsafe.Slice((*byte)(unsafe.Add(c, s.length)), 8), 8)
			*(*string)(to) = string(from[:length])
		default:
			*(*string)(to) = string(from[:bytes.IndexByte(from, 0)])
		}
	}
	return t
}

// Store copies t to the C struct at c, texts excepted.
func (m Mirror[T]) Store(c unsafe.Pointer, t *T) {
	for _, s := range m.steps {
		if !s.text {
			from := unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(t), s.at)), s.size)
			m.copy(unsafe.Slice((*byte)(unsafe.Add(c, s.in)), s.size), from, s.unit)
		}
	}
}

func (m Mirror[T]) copy(to, from []byte, unit uintptr) {
	copy(to, from)
	for ; m.swapped && len(to) > 0; to = to[unit:] {
		slices.Reverse(to[:unit])
	}
}
