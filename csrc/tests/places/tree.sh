#!/bin/sh
# tree.sh NAME ARGUMENT...: copies the tree to build/places/NAME and runs make there with these
# arguments, so that builds for different places do not share objects.
set -eu

mkdir -p "build/places/$1"
# The tests of the copy look for ../shared.
[ ! -d ../shared ] || ln -sfn ../../../shared build/places/shared
folder=build/places/$1
shift
rm -rf "$folder/csrc" "$folder/cmd" "$folder/testdata"
cp -Rp Makefile csrc cmd testdata "$folder"
find "$folder" -name '*.go' -delete # so that ./... does not include these packages
unset MAKEFLAGS MAKELEVEL # set by the make that runs this
make -C "$folder" -s --no-print-directory "$@"
