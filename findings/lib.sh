# shellcheck shell=sh
# lib.sh - what the findings share: a folder that is removed at the end, and a comparison.
set -eu
name=$(basename "$0" .sh)
folder=$(mktemp -d)
trap 'chmod -R u+w "$folder"; rm -rf "$folder"' EXIT
cd "$folder"
export GOFLAGS=-mod=mod GOWORK=off

# cannot REASON: what the finding is about cannot be had here.
cannot() {
        echo "$name: cannot be tried: $*" >&2
        exit 2
}

# expect SEEN: compares it with what standard input says.
expect() {
        echo "$1" >seen
        cat >wanted
        if diff wanted seen >difference; then
                echo "$name: still so"
        else
                echo "$name: changed:"
                cat difference
                exit 1
        fi
}
