#ifndef COVE_CLINUX_H
#define COVE_CLINUX_H

#if defined(__linux__)
#include <malloc.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/uio.h>

// These stand behind _GNU_SOURCE, which Swift's Glibc module does not set.
extern int sync_file_range(int descriptor, long long offset, long long length, unsigned int flags);
extern ssize_t preadv2(int descriptor, const struct iovec *vector, int count, off_t offset, int flags);

static inline void cove_start_writeback(int descriptor, long long offset, long long length) {
    (void)sync_file_range(descriptor, offset, length, 2 /* SYNC_FILE_RANGE_WRITE */);
}

// Reads what the page cache holds; -1 when that would mean waiting for the disk.
static inline ssize_t cove_read_cached(int descriptor, void *bytes, size_t length, long long offset) {
    struct iovec vector = {bytes, length};
    return preadv2(descriptor, &vector, 1, offset, 8 /* RWF_NOWAIT */);
}

// Gives memory that the allocator keeps for later back to the system.
static inline void cove_return_memory(void) {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}
#endif

#endif
