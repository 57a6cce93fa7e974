#!/bin/sh
# run.sh ADDR [ONCE]: starts bin/memdemo, shows its first report and how to ask for more.
# Ctrl-C ends it, with exit status 0; if ONCE is not empty, it ends after the report.
set -eu

addr=$1
once=${2-}
folder=$(mktemp -d)
out=$folder/out
errors=$folder/errors
bin/memdemo -addr "$addr" >"$out" 2>>"$errors" &
demo=$!
stop() {
        kill "$demo" 2>/dev/null || true
        wait "$demo" 2>/dev/null || true
        cat "$errors" >&2
        rm -rf "$folder"
}
trap stop EXIT
trap 'exit 0' INT # make would show any other status as an error
trap 'exit 143' TERM

# The demo makes its memory first: at most a minute.
url=
for _ in $(seq 600); do
        url=$(awk '/^memory:/ { print $2 }' "$out")
        [ -z "$url" ] || break
        kill -0 "$demo" 2>/dev/null || break
        sleep 0.1
done
cat "$out"
if [ -z "$url" ]; then
        ! grep -q 'address already in use' "$errors" ||
                echo "$addr is in use; choose another address: make run ADDR=127.0.0.1:6061" >&2
        exit 1
fi
cat "$errors" >&2
: >"$errors"
echo
curl -sS --fail-with-body --max-time 30 "$url"
if [ -z "$once" ]; then
        printf '\nThe daemon is running; from another terminal:\n\n    curl %s\n    curl "%s?top=50&unit=KB"\n    bin/memanalyzer -pid %s\n\nCtrl-C ends it.\n' "$url" "$url" "$demo"
        wait "$demo"
fi
