#!/bin/sh
# 1,048,576 mappings, 4 kB resident in each; every fourth one is a file's: 78 MB.
awk 'BEGIN {
	for (i = 0; i < 1048576; i++)
		printf "7f%07x000-7f%07x000 rw-p %s\nRss:                   4 kB\n", i * 2, i * 2 + 1,
			i % 4 == 0 ? "00001000 08:02 17 /tmp/a" : "00000000 00:00 0 "
}'
