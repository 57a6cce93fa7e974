#!/bin/sh
# golden.sh COMMAND...: the command line, run so, gives every golden text.
set -eu

cases=0
while IFS="$(printf '\t')" read -r name input top sort unit; do
        [ "$name" != '# name' ] || continue
        "$@" -f "testdata/$input" -top "$top" -sort "$sort" -unit "$unit" </dev/null |
                cmp - "testdata/golden/$name.txt"
        cases=$((cases + 1))
done <testdata/golden/cases.tsv
[ "$cases" -gt 0 ]
