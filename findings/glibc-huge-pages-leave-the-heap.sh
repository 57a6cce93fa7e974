#!/bin/sh
# With glibc.malloc.hugetlb=2, glibc leaves [heap] even if no huge page can be had.
#
# Guess: if no huge page is reserved, malloc falls back to the usual layout.
# Seen:  it asks for huge pages, gets none, and still maps its main arena: [heap] holds nothing, and the memory has no
#        name. The arenas of threads have 8 MiB, four huge pages, in place of 64.
# Why:   who adds up [heap] and mappings aligned to 64 MiB finds no C heap.
# With:  glibc 2.36, no huge page reserved
. "$(dirname "$0")/lib.sh"

getconf GNU_LIBC_VERSION | grep -qx 'glibc 2\.36' || cannot 'this is not glibc 2.36'
[ "$(cat /proc/sys/vm/nr_hugepages)" = 0 ] || cannot 'huge pages are reserved'
cat >main.c <<'X'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *in_a_thread(void *unused)
{
	for (int i = 0; i < 5000; i++)
		memset(malloc(4000), 1, 4000);
	return unused;
}

int main(void)
{
	char line[512];
	unsigned long from, to, heap = 0, eight = 0;
	pthread_t thread;
	FILE *maps;

	for (int i = 0; i < 5000; i++)
		memset(malloc(4000), 1, 4000);
	pthread_create(&thread, NULL, in_a_thread, NULL);
	pthread_join(thread, NULL);
	maps = fopen("/proc/self/maps", "r");
	while (maps && fgets(line, sizeof line, maps)) {
		if (sscanf(line, "%lx-%lx rw-p", &from, &to) != 2)
			continue;
		if (strstr(line, "[heap]"))
			heap = to - from;
		eight += to - from == 8 << 20 && from % (8 << 20) == 0;
	}
	printf("[heap] over 16 MB: %d, full heaps of 8 MB: %d\n", heap > 16 << 20, eight > 0);
	return 0;
}
X
gcc -pthread -o main main.c || cannot 'there is no gcc'
expect "$(./main; GLIBC_TUNABLES=glibc.malloc.hugetlb=2 ./main)" <<'X'
[heap] over 16 MB: 1, full heaps of 8 MB: 0
[heap] over 16 MB: 0, full heaps of 8 MB: 1
X
