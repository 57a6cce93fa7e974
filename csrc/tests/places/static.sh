#!/bin/sh
# static.sh: builds build/places/static, a tree whose programs and tests, Go's too, are
# linked statically and run on a system that has nothing else; NAME-plain are built without cgo. With the argument
# truth-other-go, builds only the program that checks memdemo's amounts, with another Go.
set -eu

export CGO_ENABLED=1
only=${1-}
set -- -tags netgo,osusergo -ldflags '-linkmode external -extldflags -static'
if [ "$only" = truth-other-go ]; then
        exec go test -buildvcs=false "$@" -c -o build/places/static/bin/truth-other-go ./cmd/memdemo
fi
csrc/tests/places/tree.sh static LDFLAGS=-static SANITIZE=-O2 cli test-programs
go build -buildvcs=false "$@" -o build/places/static/bin/memdemo ./cmd/memdemo
go test -buildvcs=false "$@" -c -o build/places/static/go/tests ./go
go test -buildvcs=false "$@" -c -o build/places/static/bin/truth ./cmd/memdemo
export CGO_ENABLED=0 # static by itself
go build -buildvcs=false -o build/places/static/bin/memdemo-plain ./cmd/memdemo
go test -buildvcs=false -c -o build/places/static/go/tests-plain ./go
go test -buildvcs=false -c -o build/places/static/bin/truth-plain ./cmd/memdemo
rm -f build/places/static/bin/truth-other-go # of other sources
