#!/bin/sh
# A path of 50053 folders, "/0000/0001" and so on: the header's line has 250,340 bytes.
awk 'BEGIN {
	printf "00400000-00401000 r--p 00001000 08:02 17                                 "
	for (i = 0; i < 50053; i++)
		printf "/%04d", i % 10000
	printf "/x\nRss:                   4 kB\n"
}'
