#!/bin/sh
# golden.sh COMMAND...: the command line, run so, gives every golden file. An input
# can be several files with a '+' between them.
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
