#!/bin/sh
# run.sh ADDR [ONCE]: starts bin/memdemo, shows its first report and where to look;
# stays until it ends, or, where ONCE is not empty, ends it then.
set -eu

addr=$1
once=${2-}
out=$(mktemp)
bin/memdemo -addr "$addr" >"$out" &
demo=$!
stop() {
        kill "$demo" 2>/dev/null || true
        wait "$demo" 2>/dev/null || true
        rm -f "$out"
}
trap 'stop; exit 130' INT
trap 'stop; exit 143' TERM
trap stop EXIT

# At most a minute: the demo makes its memory first.
for _ in $(seq 600); do
        url=$(awk '/^memory:/ { print $2 }' "$out")
        [ -n "$url" ] && break
        kill -0 "$demo" 2>/dev/null || { cat "$out"; exit 1; }
        sleep 0.1
done
cat "$out"
echo
curl -sS --fail-with-body --max-time 30 "$url"
if [ -z "$once" ]; then
        printf '\nThe daemon goes on; from another terminal:\n\n    curl %s\n    curl "%s?top=50&unit=KB"\n    bin/memanalyzer -pid %s\n\nCtrl-C ends it.\n' "$url" "$url" "$demo"
        wait "$demo"
fi
