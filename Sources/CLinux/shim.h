#ifndef COVE_CLINUX_H
#define COVE_CLINUX_H

#if defined(__linux__)
// sync_file_range(2) stands behind _GNU_SOURCE, which Swift's Glibc module does not set.
extern int sync_file_range(int descriptor, long long offset, long long length, unsigned int flags);

static inline void cove_start_writeback(int descriptor, long long offset, long long length) {
    (void)sync_file_range(descriptor, offset, length, 2 /* SYNC_FILE_RANGE_WRITE */);
}
#endif

#endif
