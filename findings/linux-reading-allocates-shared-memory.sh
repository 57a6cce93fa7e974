#!/bin/sh
# Reading shared memory that nobody has written allocates it.
#
# Guess: as in private memory, the page of zeros is mapped, and nothing is allocated before a write.
# Seen:  reading a sparse memfd through a mapping allocates all of it, and it stays when the mapping is gone. read() of
#        the same memfd allocates nothing.
# Why:   a monitor that scans a mapped segment makes it grow, by memory that only swap takes away.
# With:  Linux 6.18
. "$(dirname "$0")/lib.sh"

cat >main.py <<'X'
import mmap
import os

size = 64 << 20

def resident():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * mmap.PAGESIZE

def scan(memory):
    before = resident()
    for at in range(0, size, mmap.PAGESIZE):
        memory[at]
    return round((resident() - before) / (1 << 20))

def allocated():
    return os.stat(segment).st_blocks * 512 >> 20

segment = os.memfd_create("segment")
os.ftruncate(segment, size)
while os.read(segment, 1 << 20):
    pass
print("read(): allocated", allocated())
shared = mmap.mmap(segment, size, prot=mmap.PROT_READ)
print("mapped: RSS", scan(shared), "allocated", allocated())
shared.close()
print("unmapped: allocated", allocated())
print("private: RSS", scan(mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)))
X
expect "$(python3 main.py)" <<'X'
read(): allocated 0
mapped: RSS 64 allocated 64
unmapped: allocated 64
private: RSS 0
X
