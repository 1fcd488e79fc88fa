// For the gzip of charts, which are tar files. What else is in layers is not read here.
#pragma once
// Without what its header includes of the system: those types are other modules'.
#define Z_SOLO
#include <zlib.h>

// The macro that zlib's header has in its place takes the size of a C structure.
static inline int cove_inflate_gzip_begin(z_stream *stream) { return inflateInit2(stream, 15 + 16); }
