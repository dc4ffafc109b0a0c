import CKernels
import Foundation
import Support
import Testing

@Suite struct FingerprintTests {
    // FIPS 180-2, appendix B.1.
    private let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    @Test func agreesWithTheStandard() throws {
        let scratch = try Scratch()
        let data = Data("abc".utf8)
        #expect(Fingerprint(of: data).hexadecimal == abc)
        #expect(data.withUnsafeBytes { Fingerprint(of: $0) }.description == abc)
        #expect(try Fingerprint(fileAt: scratch.file("a", data)).hexadecimal == abc)
        let large = Data(repeating: 3, count: 3 << 20)
        #expect(try Fingerprint(fileAt: scratch.file("b", large)) == Fingerprint(of: large))
    }

    /// FIPS 180-2, appendices B.1 to B.3, and the digest of nothing.
    @Test func everyWayToCompressAgreesWithTheStandard() throws {
        let examples = [
            "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "abc": abc,
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq":
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            String(repeating: "a", count: 1_000_000):
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
        ]
        for (text, digest) in examples {
            #expect(Fingerprint(of: Data(text.utf8)).hexadecimal == digest)
        }
        // 40 blocks of no pattern: the portable way, whose answer the examples above need not have seen, against the others.
        let blocks = (0..<2560).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 31 &+ $0 >> 3) }
        var states: [[UInt32]] = []
        var rank: Int32 = 0
        while let compression = distill_sha256_compression(rank) {
            var state = (0..<8).map { UInt32($0) &* 0x9e37_79b9 }
            compression(&state, blocks, 40)
            states.append(state)
            rank += 1
        }
        #expect(!states.isEmpty && states.allSatisfy { $0 == states[0] })
    }

    @Test func bytesMayComeInAnyParts() throws {
        let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        for count in 0...300 {
            let whole = bytes[..<count].withUnsafeBytes { Fingerprint(of: $0) }
            var hash = SHA256()
            for step in [1, 63, 64, 65, 107] {
                hash = SHA256()
                for start in stride(from: 0, to: count, by: step) {
                    bytes[start..<min(start + step, count)].withUnsafeBytes { hash.update($0) }
                }
                let text = hash.digest().map { String(format: "%02x", $0) }.joined()
                #expect(text == whole.hexadecimal, "\(count) bytes in steps of \(step)")
            }
        }
    }

    @Test func partsDoNotRunTogether() {
        #expect(Fingerprint(hashing: "ab", "c") == Fingerprint(hashing: "ab", "c"))
        #expect(Fingerprint(hashing: "ab", "c") != Fingerprint(hashing: "a", "bc"))
        #expect(Fingerprint(hashing: "abc") != Fingerprint(hashing: "abc", ""))
    }

    @Test func codesAsAString() throws {
        let value = Fingerprint(of: Data("abc".utf8))
        let json = try JSONEncoder().encode([value])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(abc)\"]")
        #expect(try JSONDecoder().decode([Fingerprint].self, from: json) == [value])
        for bad in ["", "ab", abc.uppercased(), abc.dropLast() + "g", abc + "0"] {
            #expect(Fingerprint(hexadecimal: String(bad)) == nil)
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode([Fingerprint].self, from: JSONEncoder().encode([String(bad)]))
            }
        }
    }

    @Test func aMissingFileIsNamed() throws {
        let error = try userError { _ = try Fingerprint(fileAt: URL(fileURLWithPath: "/nonexistent")) }
        #expect(error.status == .noInput)
    }
}
