#!/bin/sh
# static.sh: builds build/places/static, a tree whose programs and tests, Go's too, are
# linked statically and run on a system that has nothing else. If OLD_GO is set, the
# program that checks memdemo's amounts is built with that version of Go, too.
set -eu

csrc/tests/places/tree.sh static LDFLAGS=-static SANITIZE=-O2 cli test-programs
export CGO_ENABLED=1
set -- -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static'
go build -buildvcs=false "$@" -o build/places/static/bin/memdemo ./cmd/memdemo
go test -buildvcs=false "$@" -c -o build/places/static/go/tests ./go
go test -buildvcs=false "$@" -c -o build/places/static/bin/truth ./cmd/memdemo
rm -f build/places/static/bin/truth-old
[ -z "${OLD_GO-}" ] ||
        GOTOOLCHAIN=$OLD_GO go test -buildvcs=false "$@" -c -o build/places/static/bin/truth-old ./cmd/memdemo
