#!/bin/sh
# mimalloc's current_rss is not RSS.
#
# Guess: mi_process_info describes the process, so current_rss and peak_rss are of one kind, and current <= peak.
# Seen:  on Linux, current_rss is what mimalloc has committed: 512 MB too much for a block that nobody writes, and
#        without the 200 MB of other memory that are written next. peak_rss is the kernel's. The manual calls
#        current_rss an estimate; it does not say that it leaves out the rest of the process.
# Why:   a service that exports it as RSS shows memory that nobody has, and misses files, stacks and other allocators.
# With:  mimalloc 2.0.9 of Debian 12
. "$(dirname "$0")/lib.sh"

apt-get download libmimalloc2.0=2.0.9+ds-2 >/dev/null 2>&1 || cannot 'apt-get cannot download mimalloc 2.0.9'
dpkg -x ./*.deb .
library=$(find "$PWD" -name libmimalloc.so.2)
cat >main.c <<'X'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void mi_process_info(size_t *, size_t *, size_t *, size_t *, size_t *, size_t *, size_t *, size_t *);

static char other[200 << 20];

static void show(const char *when)
{
	size_t current, peak, x;

	mi_process_info(&x, &x, &x, &current, &peak, &x, &x, &x);
	printf("%s: current_rss over 512 MB: %d, over 150 MB: %d, peak_rss over 150 MB: %d\n", when,
	       current > 512 << 20, current > 150 << 20, peak > 150 << 20);
}

int main(void)
{
	void *volatile block = malloc(512 << 20);

	show("malloc");
	free(block);
	memset(other, 1, sizeof other);
	show("free, and 200 MB written");
	return 0;
}
X
gcc -o main main.c "$library" || cannot 'there is no gcc'
expect "$(LD_LIBRARY_PATH=${library%/*} ./main)" <<'X'
malloc: current_rss over 512 MB: 1, over 150 MB: 1, peak_rss over 150 MB: 0
free, and 200 MB written: current_rss over 512 MB: 0, over 150 MB: 0, peak_rss over 150 MB: 1
X
