#!/bin/sh
# cgo -godefs renames C members by what the others of the struct are called.
#
# Guess: in_use becomes In_use or InUse, as in every other struct.
# Seen:  if the only members with an underscore begin alike, that beginning is dropped: in_use of a struct becomes Use,
#        and cgroup_hidden becomes Hidden. One more member with another beginning brings both back.
# Why:   a reader of C structs that pairs members by name loses one because a member was added or removed elsewhere.
# With:  Go 1.26.8 and gcc; fieldPrefix in its cmd/cgo
. "$(dirname "$0")/lib.sh"

cat >types.go <<'X'
package types

/*
#include <stdint.h>
struct alone { uint64_t blocks, in_use, mapped; };
struct together { uint64_t blocks, in_use, most_ever; };
*/
import "C"

type (
	Alone    C.struct_alone
	Together C.struct_together
)
X
export GOTOOLCHAIN=go1.26.8
seen=$(go tool cgo -godefs types.go 2>/dev/null) || cannot 'go 1.26.8 with cgo cannot be run'
expect "$(echo "$seen" | awk '$2 == "uint64" { print $1 }' | tr '\n' ' ')" <<'X'
Blocks Use Mapped Blocks In_use Most_ever 
X
