#!/bin/sh
# itself.sh COMMAND...: the command line, run so, reports of itself; the output is
# that report.
set -eu

"$@" -unit B | awk -f "$(dirname "$0")/report.awk" \
        -v least='File-Backed Memory/Memanalyzer Binary=4096;Thread Stacks/Main=4096'
