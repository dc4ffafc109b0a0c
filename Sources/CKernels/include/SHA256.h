// SHA-256 as FIPS 180-4 defines it, with the processor's own instructions where it has them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The state of one digest. A plain value: a copy continues independently of the original.
typedef struct DistillSHA256 {
    uint32_t state[8];
    // Bytes hashed so far, those that wait in `block` included.
    uint64_t length;
    // The first `length % 64` bytes are a block that is not whole yet.
    uint8_t block[64];
} DistillSHA256;

void distill_sha256_begin(DistillSHA256 *hash);

// Hashes `count` bytes more. `bytes` may be NULL when count is 0.
void distill_sha256_update(DistillSHA256 *hash, const void *bytes, size_t count);

// Pads the message and writes its digest of 32 bytes. The state may not be used afterwards.
void distill_sha256_finish(DistillSHA256 *hash, uint8_t digest[32]);

// Compresses `count` blocks of 64 bytes into the state: portable C, and the SHA extensions of x86-64 processors.
typedef void (*DistillSHA256Compression)(uint32_t state[8], const uint8_t *blocks, size_t count);

// The ways to compress that this machine can run, the fastest first, NULL behind the last.
DistillSHA256Compression distill_sha256_compression(int rank);

#ifdef __cplusplus
}
#endif
