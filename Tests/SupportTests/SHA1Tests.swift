import Foundation
import Support
import Testing

@Suite struct SHA1Tests {
    private func digest(_ bytes: [UInt8], parts: Int = 1) -> String {
        var hash = SHA1()
        let size = max(1, (bytes.count + parts - 1) / parts)
        for start in stride(from: 0, to: bytes.count, by: size) {
            bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { hash.update($0) }
        }
        return hash.hexadecimal()
    }

    /// The examples of FIPS 180-2, appendix A, and git's name of an empty file.
    @Test func knownDigests() {
        #expect(digest([]) == "da39a3ee5e6b4b0d3255bfef95601890afd80709")
        #expect(digest(Array("abc".utf8)) == "a9993e364706816aba3e25717850c26c9cd0d89d")
        #expect(
            digest(Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8))
                == "84983e441c3bd26ebaae4aa1f95129e5e54670f1")
        #expect(
            digest([UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000), parts: 7)
                == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(digest(Array("blob 0\0".utf8)) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")
    }

    @Test func partsMakeNoDifference() {
        for count in [55, 56, 63, 64, 65, 119, 120, 128, 1000] {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
            for parts in [2, 3, 17, count] { #expect(digest(bytes, parts: parts) == digest(bytes)) }
        }
    }
}
