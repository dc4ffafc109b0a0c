import Support
import Testing
import Tokenization

@Suite struct StreamingDecoderTests {
    @Test("Parts joined are the whole", arguments: Golden.names)
    func partsAreTheWhole(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        for example in try Golden.load(name).decoded {
            var decoder = StreamingDecoder(tokenizer)
            var parts = example.ids.map { decoder.append($0) }
            parts.append(decoder.finish())
            #expect(sameBytes(parts.joined(), example.text), "\(example.ids)")
        }
    }

    @Test(arguments: Golden.exactNames)
    func neverHalfACharacter(_ name: String) throws {
        let tokenizer = try Golden.tokenizer(name)
        let text = "a中😀é\u{301}\u{10FFFF}b 👨‍👩‍👧!"
        var decoder = StreamingDecoder(tokenizer)
        var joined = ""
        var held = 0
        for id in tokenizer.encode(text) {
            let part = decoder.append(id)
            #expect(!part.unicodeScalars.contains("\u{fffd}"))
            if part.isEmpty { held += 1 }
            joined += part
        }
        #expect(held > 5)
        #expect(decoder.finish() == "")
        #expect(sameBytes(joined, text))
    }

    @Test func malformedBytesGiveReplacements() throws {
        let tokenizer = try Golden.tokenizer("unigram")
        func ids(_ bytes: [UInt8]) -> [Int32] {
            bytes.map { byte in tokenizer.ids(of: .byte).first { tokenizer.bytes(of: $0) == [byte] }! }
        }
        var decoder = StreamingDecoder(tokenizer)
        // E2 96 may go on to ▁; a letter says it does not.
        #expect(ids([0xe2, 0x96]).map { decoder.append($0) } == ["", ""])
        #expect(decoder.append(tokenizer.id(of: "a")!) == "\u{fffd}\u{fffd}a")
        #expect(decoder.append(ids([0xf0])[0]) == "")
        #expect(decoder.finish() == "\u{fffd}")
        // A surrogate, an overlong form, a value too large, bytes that begin nothing.
        for bytes in [
            [0xed, 0xa0, 0x80], [0xe0, 0x80, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xc0, 0x80], [0xff],
        ] as [[UInt8]] {
            let text = try tokenizer.decode(ids(bytes))
            #expect(text == String(repeating: "\u{fffd}", count: bytes.count))
        }
    }

    @Test func onlyTheSpaceThatWasPutThereIsDropped() throws {
        let tokenizer = try Golden.tokenizer("prefixed")
        for text in ["Ada", " Ada", "   Ada", ""] {
            #expect(try tokenizer.decode(tokenizer.encode(text)) == text)
        }
    }

    @Test(arguments: [-1, 420, Int32.max, .min])
    func idsOutsideTheVocabulary(_ id: Int32) throws {
        let tokenizer = try Golden.tokenizer("unigram")
        let last = tokenizer.vocabularySize - 1
        let error = #expect(throws: UserError.self) {
            try tokenizer.decode([1, id == 420 ? Int32(last + 1) : id])
        }
        #expect(error?.description.contains("ids are 0 to \(last)") == true)
    }
}
