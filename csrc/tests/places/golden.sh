#!/bin/sh
# golden.sh COMMAND...: checks that the command line, run as COMMAND, writes every golden file. An
# input "a+b" is both files, one after the other.
set -eu

cases=0
while IFS="$(printf '\t')" read -r name input top sort unit format; do
        [ "$name" != '# name' ] || continue
        # shellcheck disable=SC2046 # a list of files
        (cd testdata && cat $(echo "$input" | tr + ' ')) |
                "$@" -f - -top "$top" -sort "$sort" -unit "$unit" -format "$format" |
                cmp - "testdata/golden/$name"
        cases=$((cases + 1))
done <testdata/golden/cases.tsv
[ "$cases" -gt 0 ]
