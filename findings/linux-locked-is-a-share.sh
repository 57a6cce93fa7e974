#!/bin/sh
# Locked in smaps falls if another process maps the pages.
#
# Guess: it is the resident memory that mlock holds, the VmLck of /proc/PID/status by mapping.
# Seen:  it is counted as PSS is: 1 MiB that is locked and shared by two processes is 512 kB, in the one that locked
#        it. VmLck stays at 1024 kB.
# Why:   a sum of Locked is not what counts against RLIMIT_MEMLOCK, and changes with what other processes do.
# With:  Linux 6.18, and permission to lock 1 MiB
. "$(dirname "$0")/lib.sh"

cat >main.py <<'X'
import ctypes
import mmap
import os

shared = mmap.mmap(-1, 1 << 20)
shared[:] = b"x" * len(shared)
address = ctypes.addressof(ctypes.c_char.from_buffer(shared))
if ctypes.CDLL(None).mlock(ctypes.c_void_p(address), ctypes.c_size_t(len(shared))):
    raise SystemExit("mlock")

def show(when):
    figures, inside = {}, False
    with open("/proc/self/smaps") as smaps:
        for line in smaps:
            key, *rest = line.split()
            if not key.endswith(":"):
                start, end = (int(number, 16) for number in key.split("-"))
                inside = start <= address < end
            elif inside and key in ("Rss:", "Pss:", "Locked:"):
                figures[key] = int(rest[0])
    with open("/proc/self/status") as status:
        figures.update((line.split()[0], int(line.split()[1])) for line in status if line.startswith("VmLck:"))
    print(when, *(f"{key} {value}" for key, value in figures.items()))

show("alone:")
touched, ended = os.pipe(), os.pipe()
if os.fork() == 0:
    os.close(ended[1])
    sum(shared[::4096])
    os.write(touched[1], b"x")
    os.read(ended[0], 1)
    os._exit(0)
os.read(touched[0], 1)
show("with another:")
X
seen=$(python3 main.py 2>/dev/null) || cannot 'memory cannot be locked'
expect "$seen" <<'X'
alone: Rss: 1024 Pss: 1024 Locked: 1024 VmLck: 1024
with another: Rss: 1024 Pss: 512 Locked: 512 VmLck: 1024
X
