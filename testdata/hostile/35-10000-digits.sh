#!/bin/sh
# A number of 10,000 digits.
awk 'BEGIN {
	printf "00400000-00401000 rw-p 00000000 00:00 0 \nRss: "
	for (i = 0; i < 10000; i++)
		printf "9"
	printf " kB\n"
}'
