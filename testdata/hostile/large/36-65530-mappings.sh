#!/bin/sh
# As many mappings as vm.max_map_count lets a process have, with all fields: 47 MB.
# Every second one is resident.
awk 'BEGIN {
	for (i = 0; i < 65530; i++) {
		rss = i % 2 * 4
		printf "7f%07x000-7f%07x000 rw-p 00000000 00:00 0 \n", i * 2, i * 2 + 1
		printf "Size:                  4 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\n"
		printf "Rss:            %8d kB\nPss:            %8d kB\nPss_Dirty:      %8d kB\n", rss, rss, rss
		printf "Shared_Clean:          0 kB\nShared_Dirty:          0 kB\nPrivate_Clean:         0 kB\n"
		printf "Private_Dirty:  %8d kB\nReferenced:     %8d kB\nAnonymous:      %8d kB\n", rss, rss, rss
		printf "KSM:                   0 kB\nLazyFree:              0 kB\nAnonHugePages:         0 kB\n"
		printf "ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nShared_Hugetlb:        0 kB\n"
		printf "Private_Hugetlb:       0 kB\nSwap:                  0 kB\nSwapPss:               0 kB\n"
		printf "Locked:                0 kB\nTHPeligible:           0\nVmFlags: rd wr mr mw me ac sd \n"
	}
}'
