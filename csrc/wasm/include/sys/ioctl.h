#pragma once
/* There is one request. */
#define _IOWR(group, number, type) 0
#define ioctl(fd, number, request) ((void)(number), mema_sys_pagemap_scan(fd, request))
int mema_sys_pagemap_scan(int, void *);
