#!/bin/sh
# The peak of a small program is the memory of the process that started it.
#
# Guess: exec gives a process new memory, so ru_maxrss of "true" is a megabyte or two.
# Seen:  it is over 200 MB if a process of 200 MB starts it, even by posix_spawn, which copies no memory: exec keeps
#        the peak that the process had before. VmHWM of /proc/PID/status begins anew.
# Why:   a large process that measures its compilers or tests by wait4 sees its own peak; ru_maxrss and VmHWM of one
#        process differ by a factor of 100.
# With:  Linux 6.18
. "$(dirname "$0")/lib.sh"

cat >main.py <<'X'
import os

block = b"x" * (200 << 20)

def peak(pid):
    return os.wait4(pid, 0)[2].ru_maxrss > 200 << 10

def forked():
    pid = os.fork()
    if pid == 0:
        os.execvp("true", ["true"])
    return pid

def spawned(*words):
    return os.posix_spawnp(words[0], words, os.environ)

print("fork and exec: over 200 MB:", peak(forked()))
print("posix_spawn: over 200 MB:", peak(spawned("true")))
read, write = os.pipe()
os.dup2(write, 9)
pid = spawned("sh", "-c", "cat /proc/$$/status >&9")
os.waitpid(pid, 0)
status = os.read(read, 1 << 16).decode()
print("its VmHWM: over 200 MB:", int(status.split("VmHWM:")[1].split()[0]) > 200 << 10)
del block
print("from a small process: over 200 MB:", peak(forked()))
X
expect "$(python3 -u main.py)" <<'X'
fork and exec: over 200 MB: True
posix_spawn: over 200 MB: True
its VmHWM: over 200 MB: False
from a small process: over 200 MB: False
X
