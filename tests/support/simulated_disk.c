/* A disk in front of the real one, for a process that loads this library first (LD_PRELOAD).

It concerns the files below DISK_FOLDER. While DISK_STATE/full exists, no file grows. At each fsync or
fdatasync the content of the file, or the names in the folder, are copied to DISK_STATE: after a loss of
power nothing else is sure to be there. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) static __typeof__(name) *real; if (!real) real = (__typeof__(real)) dlsym(RTLD_NEXT, #name)

static int is_ours(int file)
{
    char link[64], path[PATH_MAX];
    const char *folder = getenv("DISK_FOLDER");
    size_t length = folder ? strlen(folder) : 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (!length || size < 0)
        return 0;
    path[size] = 0;
    return !strncmp(path, folder, length) && (path[length] == '/' || path[length] == 0);
}

static int has_no_room(int file, off_t end)
{
    char full[PATH_MAX];
    struct stat status;
    int before = errno, refused;
    snprintf(full, sizeof full, "%s/full", getenv("DISK_STATE") ? getenv("DISK_STATE") : "");
    refused = is_ours(file) && !access(full, F_OK) && !fstat(file, &status) && S_ISREG(status.st_mode)
        && end > status.st_size;
    errno = refused ? ENOSPC : before;
    return refused;
}

static off_t end_of_append(int file, size_t size)
{
    struct stat status;
    off_t position = lseek(file, 0, SEEK_CUR);
    if (fcntl(file, F_GETFL) & O_APPEND && !fstat(file, &status))
        position = status.st_size;
    return position + (off_t) size;
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    REAL(pwrite64);
    return has_no_room(file, offset + (off_t) size) ? -1 : real(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    return pwrite64(file, data, size, offset);
}

ssize_t write(int file, const void *data, size_t size)
{
    REAL(write);
    return has_no_room(file, end_of_append(file, size)) ? -1 : real(file, data, size);
}

int ftruncate64(int file, off64_t size)
{
    REAL(ftruncate64);
    return has_no_room(file, size) ? -1 : real(file, size);
}

int ftruncate(int file, off_t size)
{
    return ftruncate64(file, size);
}

/* Write to DISK_STATE/name as a whole. */
static int keep(const char *name, int (*copy)(int from, int to), int from)
{
    char path[PATH_MAX], new[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", getenv("DISK_STATE"), name);
    snprintf(new, sizeof new, "%s/%s.%d", getenv("DISK_STATE"), name, gettid());
    int to = open(new, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (to < 0)
        return -1;
    int failed = copy(from, to);
    return (close(to) || failed || rename(new, path)) ? -1 : 0;
}

/* By the descriptor of the process if it can read: closing another one would drop the locks that SQLite
holds. */
static int copy_content(int file, int to)
{
    char block[65536], link[64];
    ssize_t size;
    int from = file;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if ((fcntl(file, F_GETFL) & O_ACCMODE) == O_WRONLY && (from = open(link, O_RDONLY)) < 0)
        return -1;
    off_t at = 0;
    while ((size = pread(from, block, sizeof block, at)) > 0 && write(to, block, (size_t) size) == size)
        at += size;
    if (from != file)
        close(from);
    return size ? -1 : 0;
}

static int copy_names(int from, int to)
{
    struct dirent *entry;
    DIR *folder = fdopendir(openat(from, ".", O_RDONLY | O_DIRECTORY));
    if (!folder)
        return -1;
    while ((entry = readdir(folder)))
        dprintf(to, "%llu %s\n", (unsigned long long) entry->d_ino, entry->d_name);
    return closedir(folder);
}

static int synced(int file)
{
    char name[64];
    struct stat status;
    if (!is_ours(file))
        return 0;
    if (fstat(file, &status))
        return -1;
    int is_folder = S_ISDIR(status.st_mode);
    snprintf(name, sizeof name, "%s-%llu", is_folder ? "names" : "content", (unsigned long long) status.st_ino);
    return keep(name, is_folder ? copy_names : copy_content, file);
}

int fsync(int file)
{
    REAL(fsync);
    return real(file) ? -1 : synced(file);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    return real(file) ? -1 : synced(file);
}
