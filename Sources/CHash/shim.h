// OpenSSL's SHA-2, whose state can be written down and taken up again, on another machine as well.
#pragma once
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <stdint.h>
#include <string.h>

// Bytes of a state: the chaining values, the length in bits and the bytes of the unfinished block.
enum { cove_sha256_state = 32 + 8 + 64, cove_sha512_state = 64 + 8 + 128 };

static inline void cove_store64(uint8_t *out, uint64_t value) {
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(value >> (56 - 8 * i));
}

static inline uint64_t cove_load64(const uint8_t *in) {
    uint64_t value = 0;
    for (int i = 0; i < 8; i++) value = value << 8 | in[i];
    return value;
}

static inline void cove_sha256_save(const SHA256_CTX *context, uint8_t *out) {
    for (int i = 0; i < 8; i++)
        for (int b = 0; b < 4; b++) out[i * 4 + b] = (uint8_t)(context->h[i] >> (24 - 8 * b));
    cove_store64(out + 32, (uint64_t)context->Nh << 32 | context->Nl);
    memset(out + 40, 0, 64);
    memcpy(out + 40, context->data, context->num);
}

static inline void cove_sha256_restore(SHA256_CTX *context, const uint8_t *in) {
    SHA256_Init(context);
    for (int i = 0; i < 8; i++) {
        context->h[i] = 0;
        for (int b = 0; b < 4; b++) context->h[i] = context->h[i] << 8 | in[i * 4 + b];
    }
    uint64_t bits = cove_load64(in + 32);
    context->Nh = (SHA_LONG)(bits >> 32);
    context->Nl = (SHA_LONG)bits;
    context->num = (unsigned int)(bits / 8 % 64);
    memcpy(context->data, in + 40, context->num);
}

static inline void cove_sha512_save(const SHA512_CTX *context, uint8_t *out) {
    for (int i = 0; i < 8; i++) cove_store64(out + i * 8, context->h[i]);
    cove_store64(out + 64, context->Nl);
    memset(out + 72, 0, 128);
    memcpy(out + 72, context->u.p, context->num);
}

static inline void cove_sha512_restore(SHA512_CTX *context, const uint8_t *in) {
    SHA512_Init(context);
    for (int i = 0; i < 8; i++) context->h[i] = cove_load64(in + i * 8);
    context->Nh = 0;
    context->Nl = cove_load64(in + 64);
    context->num = (unsigned int)(context->Nl / 8 % 128);
    memcpy(context->u.p, in + 72, context->num);
}
