import Foundation
import Support
import Tensors
import Testing
import Tokenization

@testable import Corpora

@Suite struct RecordScannerTests {
    private static let plain: [String] = [
        #"{"text":"a"}"#, #" { "text" : "a b\n\t\"\\\/\b\f\r" } "#, #"{"text":""}"#,
        #"{"messages":[{"role":"user","content":"u"},{"content":"a","role":"assistant"}]}"#,
        #"{"id":-1.5e+3,"prompt":"é \u00e9 \ud83d\ude00 中","completion":"","x":[1,{"y":[null,true,false,[]]},{}]}"#,
        #"{"prompt":"p","n":0,"m":0.25,"e":1E9,"s":"\u0041"}"#,
        #"{"messages":[{"role":"system","content":"s","id":"n","w":[1,2]}],"source":{"a":"b"}}"#,
    ]

    private func decoded(_ line: Data) -> CorpusRecord? {
        try? JSONDecoder().decode(CorpusRecord.self, from: line)
    }

    @Test(arguments: plain)
    func plainRecordsAreRead(line: String) throws {
        let record = try #require(RecordScanner.record(in: Data(line.utf8)))
        #expect(record == decoded(Data(line.utf8)))
    }

    @Test(
        "What is unusual or wrong is left to JSONDecoder",
        arguments: [
            "", "{", "{}", "[]", "null", #"{"text":"a"}}"#, #"{"text":"a"} x"#, #"{"text":"a",}"#,
            #"{"text":3}"#,
            #"{"text":null}"#, #"{"text":"a","text":"b"}"#, #"{"text":"a","prompt":"b"}"#,
            #"{"completion":"a"}"#,
            #"{"te\u0078t":"a"}"#, #"{"text":"\ud83d"}"#, #"{"text":"\ud83dx"}"#, #"{"text":"\ude00"}"#,
            #"{"text":"\x"}"#, #"{"text":"\u12"}"#, #"{"text":"a"#, #"{"text":"a\"#, "{\"text\":\"a\u{1}\"}",
            #"{"messages":[]}"#, #"{"messages":[{"role":"bot","content":""}]}"#,
            #"{"messages":[{"role":"user"}]}"#,
            #"{"text":"a","n":01}"#, #"{"text":"a","n":+1}"#, #"{"text":"a","n":1.}"#,
            #"{"text":"a","n":nul}"#,
            #"{"text":"a" "n":1}"#, #"{"text" "a"}"#,
            "{\"text\":\"a\",\"n\":" + String(repeating: "[", count: 40),
        ])
    func whatIsUnsureIsLeft(line: String) {
        #expect(RecordScanner.record(in: Data(line.utf8)) == nil)
    }

    /// Lines with random damage: the scanner never accepts what `JSONDecoder` refuses or reads otherwise.
    @Test func damagedLinesAreNotReadOtherwise() {
        var stream = RandomStream(seed: 1, purpose: "damage")
        let spare = Array(#"{}[]",:\/u0aetext 1.-\#n"#.utf8)
        var accepted = 0
        for round in 0..<60_000 {
            var bytes = Array(Self.plain[round % Self.plain.count].utf8)
            for _ in 0..<1 + stream.nextIndex(below: 2) {
                let place = stream.nextIndex(below: bytes.count)
                switch stream.nextIndex(below: 3) {
                case 0: bytes[place] = spare[stream.nextIndex(below: spare.count)]
                case 1: bytes.insert(spare[stream.nextIndex(below: spare.count)], at: place)
                default: if bytes.count > 1 { bytes.remove(at: place) }
                }
            }
            // A line is valid UTF-8 when it comes here.
            guard String(validating: bytes, as: UTF8.self) != nil,
                let record = RecordScanner.record(in: Data(bytes))
            else { continue }
            accepted += 1
            if record != decoded(Data(bytes)) {
                Issue.record("read otherwise: \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(accepted > 5000)
    }
}
