#!/bin/sh
# psutil shows a deleted file and the file that has replaced it as one.
#
# Guess: a process that maps the old and the new version of a file has two rows, one of them "(deleted)".
# Seen:  psutil cuts " (deleted)" off a path and adds up the rows of a path: one row of 80 kB for a file that has 16.
# Why:   versions that stay mapped after an update or a compaction are what one looks for in this list.
# With:  psutil 7.2.2 of PyPI
. "$(dirname "$0")/lib.sh"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check psutil==7.2.2 || cannot 'pip cannot install psutil 7.2.2'
cat >main.py <<'X'
import mmap
import os
import psutil

path = os.path.realpath("segment")
kept = []
for kb in 64, 16:
    with open("new", "w+b") as file:
        file.truncate(kb << 10)
        kept.append(mmap.mmap(file.fileno(), 0))
    os.rename("new", path)

with open("/proc/self/maps") as maps:
    print("kernel:", sorted(line[line.index("segment"):].strip() for line in maps if path in line))
print("on disk:", os.stat(path).st_size >> 10)
for row in psutil.Process().memory_maps():
    if path in row.path:
        print("psutil:", os.path.basename(row.path), row.size >> 10)
X
expect "$(venv/bin/python main.py)" <<'X'
kernel: ['segment', 'segment (deleted)']
on disk: 16
psutil: segment 80
X
