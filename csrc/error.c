/* error.c - the only place that formats the message of a struct mema_error. */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum mema_status mema_fail(struct mema_error *error, enum mema_status status, int system, const char *format,
                           ...)
{
        va_list arguments;

        memset(error, 0, sizeof *error);
        error->status = status;
        error->system = system;
        va_start(arguments, format);
        vsnprintf(error->message, sizeof error->message, format, arguments);
        va_end(arguments);
        return status;
}
