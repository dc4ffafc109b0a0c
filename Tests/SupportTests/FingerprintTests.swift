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
