#pragma once
struct mema_dir;
typedef struct mema_dir DIR;
struct dirent {
        char d_name[256];
};
DIR *fdopendir(int);
struct dirent *readdir(DIR *);
int closedir(DIR *);
