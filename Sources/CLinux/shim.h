#ifndef COVE_CLINUX_H
#define COVE_CLINUX_H

#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

// What a file's name or a descriptor leads to. In a structure of our own: which of the modules that include the system's headers
// has the members of `struct stat` depends on what the compiler reads first, and then it asks for an import of that one.
struct cove_file {
    uint64_t device, inode;
    int64_t size, seconds, nanoseconds;
    uint32_t permissions;
    int is_regular;
};

static inline void cove_fill_file(struct cove_file *file, const struct stat *status) {
    file->device = (uint64_t)status->st_dev;
    file->inode = (uint64_t)status->st_ino;
    file->size = (int64_t)status->st_size;
#if defined(__APPLE__)
    file->seconds = status->st_mtimespec.tv_sec;
    file->nanoseconds = status->st_mtimespec.tv_nsec;
#else
    file->seconds = status->st_mtim.tv_sec;
    file->nanoseconds = status->st_mtim.tv_nsec;
#endif
    file->permissions = status->st_mode & 0777;
    file->is_regular = S_ISREG(status->st_mode);
}

// Returns 0, or the error's number.
static inline int cove_look_at(const char *path, struct cove_file *file) {
    struct stat status;
    if (stat(path, &status) != 0) return errno;
    cove_fill_file(file, &status);
    return 0;
}

// Returns 0, or the error's number.
static inline int cove_look_behind(int descriptor, struct cove_file *file) {
    struct stat status;
    if (fstat(descriptor, &status) != 0) return errno;
    cove_fill_file(file, &status);
    return 0;
}

// Nanoseconds since 1970.
static inline int64_t cove_wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

// Open files that are allowed; 0 when the system cannot tell.
static inline uint64_t cove_file_limit(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? (uint64_t)limit.rlim_cur : 0;
}

#if defined(__linux__)
#include <linux/filter.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/types.h>
#include <sys/uio.h>

// These stand behind _GNU_SOURCE, which Swift's Glibc module does not set.
extern int sync_file_range(int descriptor, long long offset, long long length, unsigned int flags);
extern int fallocate(int descriptor, int mode, long long offset, long long length);
extern ssize_t preadv2(int descriptor, const struct iovec *vector, int count, off_t offset, int flags);

static inline void cove_start_writeback(int descriptor, long long offset, long long length) {
    (void)sync_file_range(descriptor, offset, length, 2 /* SYNC_FILE_RANGE_WRITE */);
}

// Sets space aside; the file's length stays.
static inline void cove_reserve(int descriptor, long long offset, long long length) {
    (void)fallocate(descriptor, 1 /* FALLOC_FL_KEEP_SIZE */, offset, length);
}

// A `struct sock_fprog`, as the value of a socket option.
struct cove_filter { uint64_t words[2]; };

// For SO_ATTACH_FILTER of a listening TCP socket: drops packets that begin a connection (SYN), and no others. The program
// reads the thirteenth byte of the TCP header, which has the flags (RFC 9293 section 3.1).
static inline struct cove_filter cove_no_new_connections(void) {
    static struct sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 13),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 0x02, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, 0),
        BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
    };
    struct sock_fprog value = {.len = sizeof program / sizeof program[0], .filter = program};
    struct cove_filter filter = {{0, 0}};
    _Static_assert(sizeof value <= sizeof filter, "a socket filter has grown");
    memcpy(&filter, &value, sizeof value);
    return filter;
}

// Reads what the page cache holds; -1 when that would mean waiting for the disk.
static inline ssize_t cove_read_cached(int descriptor, void *bytes, size_t length, long long offset) {
    struct iovec vector = {bytes, length};
    return preadv2(descriptor, &vector, 1, offset, 8 /* RWF_NOWAIT */);
}

// Bytes in a socket's send buffer that the peer has not acknowledged; 0 when the system cannot tell.
static inline int cove_unsent_bytes(int descriptor) {
    int bytes = 0;
    return ioctl(descriptor, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

// Nanoseconds since the machine was started, its sleep among them.
static inline int64_t cove_time_since_boot(void) {
    struct timespec up;
    clock_gettime(CLOCK_BOOTTIME, &up);
    return (int64_t)up.tv_sec * 1000000000 + up.tv_nsec;
}

// Allows as many open files as the hard limit does; returns how many that are, 0 when the system cannot tell.
static inline unsigned long cove_raise_file_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
    if (limit.rlim_cur < limit.rlim_max) {
        struct rlimit raised = {limit.rlim_max, limit.rlim_max};
        if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return limit.rlim_cur == RLIM_INFINITY ? 1000000000UL : limit.rlim_cur;
}

// Keeps buffers of up to 4 MiB in the heap and up to 16 MiB of free heap with the process. By itself the allocator maps
// and unmaps the larger ones, and the kernel clears every page of an upload anew.
static inline void cove_keep_buffers(void) {
#if defined(__GLIBC__)
    mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
    mallopt(M_TRIM_THRESHOLD, 16 * 1024 * 1024);
#endif
}

// Gives memory that the allocator keeps for later back to the system.
static inline void cove_return_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
#endif

#endif
