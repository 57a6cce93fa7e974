#!/bin/sh
# smem shows all anonymous memory with a name as one row.
#
# Guess: smem -m has a row for each name.
# Seen:  a name ends at its first space, so all that begin with "[anon: " are one row, "[anon:": Go's heap and glibc's.
# Why:   the kernel has these names to tell the owners of anonymous memory apart; this reader tells none apart.
# With:  smem 1.5 of Debian 12, on a smaps with names
. "$(dirname "$0")/lib.sh"

apt-get download smem=1.5-2 >/dev/null 2>&1 || cannot 'apt-get cannot download smem 1.5'
dpkg -x ./*.deb .
mkdir -p saved/proc/42
printf 'server\0' >saved/proc/42/cmdline
echo '42 (server) S 1' >saved/proc/42/stat
for field in MemTotal MemFree Buffers Cached Active Inactive SwapTotal SwapFree SwapCached; do
        echo "$field: 1000000 kB"
done >saved/proc/meminfo
map() { printf '%s rw-p 00000000 00:00 0 %s\nSize: 1024 kB\nRss: %d kB\nPss: %d kB\nSwap: 0 kB\n' "$1" "$2" "$3" "$3"; }
{
        map 00500000-00600000 '[heap]' 16
        map 7f0000000000-7f0000100000 '[anon: Go: heap]' 512
        map 7f0000100000-7f0000200000 '[anon: Go: immortal metadata]' 64
        map 7f0000200000-7f0000300000 '[anon: glibc: malloc arena]' 128
} >saved/proc/42/smaps
expect "$(python3 usr/bin/smem -S saved --mappings --no-header --columns 'map rss' | awk '{ $1 = $1; print }' | sort)" <<'X'
[anon: 704
[heap] 16
X
