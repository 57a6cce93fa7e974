#!/bin/sh
# malloc_stats of glibc counts modulo 4 GiB, in 64-bit programs too.
#
# Guess: of glibc's figures, only those of the old mallinfo are too short, as its members are int.
# Seen:  with six blocks of 1000 MiB, malloc_stats prints 1,996 MB as in use. malloc_info and mallinfo2 have 6,291 MB.
# Why:   "the C heap is small, so the memory is elsewhere" is a wrong conclusion from the figure that is easiest to get.
# With:  glibc 2.36
. "$(dirname "$0")/lib.sh"

getconf GNU_LIBC_VERSION | grep -qx 'glibc 2\.36' || cannot 'this is not glibc 2.36'
cat >main.c <<'X'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	void *volatile blocks[6];

	mallopt(M_MMAP_THRESHOLD, 1 << 30);
	for (int i = 0; i < 6; i++) /* never written: they take addresses, not memory */
		if (!(blocks[i] = malloc((size_t)1000 << 20)))
			return 1;
	fprintf(stderr, "mallinfo2 %zu\n", mallinfo2().uordblks);
	malloc_info(0, stderr);
	malloc_stats();
	return 0;
}
X
gcc -o main main.c || cannot 'there is no gcc'
./main 2>figures || cannot 'there are no 6 GB of addresses'
expect "$(awk -F '[ "]+' '/^mallinfo2/ { print $1 ": " int($2 / 1e6) " MB" }
        /system type="current"/ { info = $5 } /^in use/ { stats = $NF }
        END { print "malloc_info: over 6291 MB: " (info > 6291e6); print "malloc_stats: " int(stats / 1e6) " MB" }' figures)" <<'X'
mallinfo2: 6291 MB
malloc_info: over 6291 MB: 1
malloc_stats: 1996 MB
X
