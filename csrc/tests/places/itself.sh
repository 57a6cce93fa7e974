#!/bin/sh
# itself.sh COMMAND...: runs the command line, as COMMAND, on itself; checks and prints the report.
set -eu

"$@" -unit B | awk -f "$(dirname "$0")/report.awk" \
        -v least='File-Backed Memory/Memanalyzer Binary=4096;Thread Stacks/Main=4096'
