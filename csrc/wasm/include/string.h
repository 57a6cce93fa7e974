#pragma once
#include_next <string.h>
#include "../../memory.h"
const char *strerror(int);
