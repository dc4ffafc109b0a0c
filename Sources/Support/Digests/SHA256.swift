import CKernels

/// A SHA-256 digest in the making (FIPS 180-4): bytes are added in any number of parts.
///
/// A value: a copy continues where the original was copied.
package struct SHA256 {
    private var state = DistillSHA256()

    /// The digest of no bytes yet.
    package init() {
        distill_sha256_begin(&state)
    }

    /// Adds bytes behind those added before.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        distill_sha256_update(&state, bytes.baseAddress, bytes.count)
    }

    /// The 32 bytes of the digest of all bytes so far. More may be added afterwards.
    package func digest() -> [UInt8] {
        var padded = state
        return [UInt8](unsafeUninitializedCapacity: 32) { digest, count in
            distill_sha256_finish(&padded, digest.baseAddress)
            count = 32
        }
    }
}
