#!/bin/sh
# A cgroup that has no files has inactive file memory.
#
# Guess: inactive_file of memory.stat is a part of "file" ("cache" in cgroup v1), so it cannot be larger.
# Seen:  MADV_FREE moves anonymous pages to the list of inactive files. They stay in RSS and in "anon" ("rss" in v1).
# Why:   the working set of Kubernetes is usage - inactive_file: it falls by 64 MB while RSS stays, under an allocator
#        that frees lazily, as Go does with GODEBUG=madvdontneed=0.
# With:  Linux 6.18, and permission to make a memory cgroup
. "$(dirname "$0")/lib.sh"

root=/sys/fs/cgroup
[ ! -e $root/memory/memory.stat ] || root=$root/memory
group=$root/$name-$$
mkdir "$group" 2>/dev/null || cannot 'no cgroup can be made'
trap 'rmdir "$group"; rm -rf "$folder"' EXIT
[ -e "$group/memory.stat" ] || cannot 'the memory controller is off'
cat >main.py <<'X'
import mmap
import sys
import time

group = sys.argv[1]
with open(group + "/cgroup.procs", "w") as procs:
    procs.write("0")
block = mmap.mmap(-1, 64 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
block.madvise(mmap.MADV_NOHUGEPAGE)
block[:] = b"x" * len(block)

def show(when):
    time.sleep(3)  # the kernel brings memory.stat up to date every two seconds
    with open(group + "/memory.stat") as stat:
        figures = {key: int(value) for key, value in map(str.split, stat)}
    with open("/proc/self/statm") as statm:
        resident = int(statm.read().split()[1]) * mmap.PAGESIZE
    print(when, "over 60 MB:", {
        "RSS": resident > 60e6,
        "anon": figures.get("anon", figures.get("rss")) > 60e6,
        "file": figures.get("file", figures.get("cache")) > 60e6,
        "inactive_file": figures["inactive_file"] > 60e6,
    })

show("written:")
block.madvise(mmap.MADV_FREE)
show("freed:")
X
expect "$(python3 main.py "$group")" <<'X'
written: over 60 MB: {'RSS': True, 'anon': True, 'file': False, 'inactive_file': False}
freed: over 60 MB: {'RSS': True, 'anon': True, 'file': False, 'inactive_file': True}
X
