/* libc.c - the parts of libc that are C, from wasm2go's libc-gen. */
#define NDEBUG
#define STB_SPRINTF_IMPLEMENTATION
#define STB_SPRINTF_NOFLOAT
#define STB_SPRINTF_NOUNALIGNED
#define STB_SPRINTF_DECORATE(name) stb_##name
#include <stb_sprintf.h>

#include <malloc_tlsf.c>
#include <stdio.c>
#include <stdlib.c>

/* malloc's first memory is what the static data leaves of the initial memory. */
__attribute__((export_name("initialize"), used)) void initialize(void)
{
        tlsf_add_pool(__heap_base, (char *)MEMORY);
}
