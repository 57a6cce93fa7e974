#!/bin/sh
# static.sh: build/places/static, a tree in which the programs and the tests, Go's
# too, are linked statically and run where there is nothing else. What memdemo makes
# is looked at by programs of OLD_GO, too.
set -eu

csrc/tests/places/tree.sh static LDFLAGS=-static SANITIZE=-O2 cli test-programs
export CGO_ENABLED=1
set -- -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static'
go build -buildvcs=false "$@" -o build/places/static/bin/memdemo ./cmd/memdemo
go test -buildvcs=false "$@" -c -o build/places/static/go/tests ./go
go test -buildvcs=false "$@" -c -o build/places/static/bin/truth ./cmd/memdemo
GOTOOLCHAIN=$OLD_GO go test -buildvcs=false "$@" -c -o build/places/static/bin/truth-old ./cmd/memdemo
