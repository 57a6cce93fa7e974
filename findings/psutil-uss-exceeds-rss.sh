#!/bin/sh
# psutil's USS of a process can be larger than its RSS.
#
# Guess: USS is the private part of RSS, so USS <= PSS <= RSS, and RSS - USS is shared.
# Seen:  USS has the private pages of hugetlbfs. RSS and PSS leave them out, as the kernel does, and so does each row
#        of memory_maps(): USS is in no sum of rows.
# Why:   RSS - USS is negative for a database or a virtual machine in huge pages.
# With:  psutil 7.2.2 of PyPI, on a smaps with one reserved huge page
. "$(dirname "$0")/lib.sh"

python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check psutil==7.2.2 || cannot 'pip cannot install psutil 7.2.2'
mkdir -p proc/42
echo '42 (server) S 1 42 42 0 -1 0 9 0 0 0 0 0 0 0 20 0 1 0 99 3145728 128 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0' >proc/42/stat
echo 768 128 0 0 0 768 0 >proc/42/statm
echo btime 1700000000 >proc/stat
cat >proc/42/smaps <<'X'
7f0000000000-7f0000100000 rw-p 00000000 00:00 0 
Size:               1024 kB
Rss:                 512 kB
Pss:                 512 kB
Private_Clean:         0 kB
Private_Dirty:       512 kB
Private_Hugetlb:       0 kB
Swap:                  0 kB
VmFlags: rd wr mr mw me ac
7f0000200000-7f0000400000 rw-p 00000000 00:0f 12                         /anon_hugepage (deleted)
Size:               2048 kB
Rss:                   0 kB
Pss:                   0 kB
Private_Clean:         0 kB
Private_Dirty:         0 kB
Private_Hugetlb:    2048 kB
Swap:                  0 kB
VmFlags: rd wr mr mw me de ht
X
cat >main.py <<'X'
import psutil

psutil.PROCFS_PATH = "proc"
process = psutil.Process(42)
full = process.memory_full_info()
print("RSS", full.rss >> 10, "PSS", full.pss >> 10, "USS", full.uss >> 10)
print("private, in rows:", sum(row.private_clean + row.private_dirty for row in process.memory_maps()) >> 10)
X
expect "$(venv/bin/python main.py)" <<'X'
RSS 512 PSS 512 USS 2560
private, in rows: 512
X
