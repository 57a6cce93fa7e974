# What psutil's memory_maps costs, without Python's start, as cost.go has it.
import json
import sys
import time

import psutil


def in_status(field):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) << 10 for line in lines if line.startswith(field + ":"))


psutil.Process().memory_maps(grouped=False)  # what is loaded and kept at the first time
process = psutil.Process(int(sys.argv[1]))
with open("/proc/self/clear_refs", "w") as peak:
    peak.write("5")
before = in_status("VmRSS")
began = time.process_time_ns()
maps = process.memory_maps(grouped=False)
cpu = time.process_time_ns() - began
print(json.dumps({
    "RSS": sum(m.rss for m in maps), "CPU": cpu, "Peak": max(0, in_status("VmHWM") - before),
}))
