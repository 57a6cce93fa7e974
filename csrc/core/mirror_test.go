package core

import (
	"testing"
	"unsafe"
)

type cInner struct{ low, high uint64 }

// cStruct is laid out like a C struct, with private and unread members.
type cStruct struct {
	known       bool
	kind        uint32
	part        [2]cInner
	text_length uint64
	text        [8]byte
	word        [8]byte
	more        uint64
	_private    uint64
}

type goInner struct{ High, Low uint64 }

type goStruct struct {
	Text, Word string
	Part       [2]goInner
	Kind       uint32
	Known      bool
}

func TestMembersAreReadByName(t *testing.T) {
	c := cStruct{known: true, kind: 7, part: [2]cInner{{1, 2}, {3, 4}}, text_length: 3, text: [8]byte{'a', 0, 'b', 'c'}, word: [8]byte{'r', 'w'}, more: 9}
	want := goStruct{"a\x00b", "rw", [2]goInner{{2, 1}, {4, 3}}, 7, true}
	m := NewMirror[goStruct, cStruct]("more")
	if got := *m.Load(unsafe.Pointer(&c)); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	var back cStruct
	m.Store(unsafe.Pointer(&back), &want)
	if back.known != c.known || back.kind != c.kind || back.part != c.part {
		t.Errorf("%+v, want %+v", back, c)
	}
}

func TestAMemberWithoutCounterpartPanics(t *testing.T) {
	type fewer struct{ Known bool }
	type other struct {
		Known bool
		Kind  uint32
		Moved uint64
	}
	type narrower struct {
		Known bool
		Kind  uint16
	}
	panics := map[string]func(){
		"a C member that Go does not read": func() { NewMirror[fewer, cStruct]() },
		"a Go field that C does not have":  func() { NewMirror[other, cStruct]("part", "text_length", "text", "word", "more") },
		"a member of another size":         func() { NewMirror[narrower, cStruct]("part", "text_length", "text", "word", "more") },
	}
	for what, f := range panics {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			f()
		}()
	}
}
