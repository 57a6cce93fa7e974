#!/bin/sh
# tree.sh NAME ARGUMENT...: a copy of the tree at build/places/NAME, and make with
# these arguments there, so that what is built for one place is in no other's way.
set -eu

mkdir -p "build/places/$1"
# Where the tests of the copy look for what lies beside the tree.
[ ! -d ../shared ] || ln -sfn ../../../shared build/places/shared
folder=build/places/$1
shift
rm -rf "$folder/csrc" "$folder/cmd" "$folder/testdata"
cp -Rp Makefile csrc cmd testdata "$folder"
find "$folder" -name '*.go' -delete # else ./... would have these packages, too
unset MAKEFLAGS MAKELEVEL # of the make that runs this
make -C "$folder" -s --no-print-directory "$@"
