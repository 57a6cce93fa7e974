/* golden.c - compares outputs with the files of testdata/golden; see golden.h. */
#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

void expect_same_lines(const char *path, const char *got, const char *wanted)
{
        char shown[256];

        for (int number = 1; *got != '\0' || *wanted != '\0'; number++) {
                size_t a = strcspn(got, "\n"), b = strcspn(wanted, "\n");
                char left[512], right[512];

                a += got[a] == '\n';
                b += wanted[b] == '\n';
                if (a != b || memcmp(got, wanted, a) != 0) {
                        snprintf(shown, sizeof shown, "%.200s:%d", path, number);
                        snprintf(left, sizeof left, "%.*s", (int)a, got);
                        snprintf(right, sizeof right, "%.*s", (int)b, wanted);
                        equal_text(shown, left, right, __FILE__, __LINE__);
                        return;
                }
                got += a;
                wanted += b;
        }
}

static void write_golden(const char *path, const char *text)
{
        FILE *f = fopen(path, "wb");

        TRUE(f != NULL);
        if (f) {
                fputs(text, f);
                fclose(f);
        }
}

unsigned index_of(const char *(*name)(unsigned), const char *text)
{
        for (unsigned i = 0; name(i); i++)
                if (strcmp(name(i), text) == 0)
                        return i;
        equal_text("a column of a table", text, "(known)", __FILE__, __LINE__);
        return 0;
}

void expect_golden(const char *name, const char *text)
{
        const char *update = getenv("UPDATE_GOLDEN");
        struct guarded file;
        char path[256], *wanted;

        snprintf(path, sizeof path, "testdata/golden/%s", name);
        if (update && strcmp(update, "1") == 0)
                write_golden(path, text);
        file = guarded_file(path);
        equal_number(path, file.data != NULL, true, __FILE__, __LINE__);
        wanted = calloc(1, file.len + 1);
        if (file.len > 0)
                memcpy(wanted, file.data, file.len);
        expect_same_lines(path, text, wanted);
        free(wanted);
        guarded_free(&file);
}
