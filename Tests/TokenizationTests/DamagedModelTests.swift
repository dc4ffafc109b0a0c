import Foundation
import Support
import TestSupport
import Testing
import Tokenization

@Suite("Damaged models")
struct DamagedModelTests {
    /// The message of the error that a model gives.
    private func message(_ builder: ModelBuilder) -> String? {
        do {
            _ = try builder.tokenizer()
            return nil
        } catch let error as UserError {
            return error.description
        } catch {
            return "not a UserError: \(error)"
        }
    }

    @Test func theSmallestModelIsSound() throws {
        let tokenizer = try ModelBuilder().tokenizer()
        #expect(tokenizer.encode("aba") == [1, 0, 1])
        #expect(tokenizer.beginID == nil)
        #expect(tokenizer.encode("a", addBegin: true, addEnd: true) == [1])
    }

    @Test func whatIsWrongIsSaid() {
        var cases: [(String, ModelBuilder)] = []
        func add(_ problem: String, _ change: (inout ModelBuilder) -> Void) {
            var builder = ModelBuilder()
            change(&builder)
            cases.append((problem, builder))
        }
        add("it has no pieces") { $0.pieces = [] }
        add("it has no pieces for text") { $0.pieces = [("<unk>", 0, 2)] }
        add("it has 0 unknown pieces") { $0.pieces = [("a", 0, 1)] }
        add("it has 2 unknown pieces") { $0.pieces.append(("<unk2>", 0, 2)) }
        add("piece 2 is empty") { $0.pieces.append(("", 0, 1)) }
        add("piece 2 has 8000 bytes") { $0.pieces.append((String(repeating: "x", count: 8000), 0, 1)) }
        add("piece 2 contains a NUL") { $0.pieces.append(("a\0", 0, 1)) }
        add("piece 2 has the score nan") { $0.pieces.append(("b", .nan, 1)) }
        add("piece 2 has the score -inf") { $0.pieces.append(("b", -.infinity, 1)) }
        add("piece 2 has the score 1e+30") { $0.pieces.append(("b", 1e30, 1)) }
        add("piece 2 has type 7") { $0.pieces.append(("b", 0, 7)) }
        add("pieces 1 and 2 are both spelled \"a\"") { $0.pieces.append(("a", -2, 1)) }
        add("pieces 2 and 3 are both spelled \"<s>\"") { $0.pieces += [("<s>", 0, 3), ("<s>", 0, 3)] }
        add("pieces 2 and 3 are both spelled \"<s>\"") { $0.pieces += [("<s>", 0, 3), ("<s>", 0, 4)] }
        add("its kind is word") { $0.kind = 3 }
        add("its kind is char") { $0.kind = 4 }
        add("its kind is number 9") { $0.kind = 9 }
        add("it has 0 byte pieces, not 256") { $0.byteFallback = true }
        add("it has byte pieces but no byte fallback") { $0.pieces.append(("<0x00>", 0, 6)) }
        add("byte piece \"<0xzz>\" is not") {
            $0.byteFallback = true
            $0.pieces.append(("<0xzz>", 0, 6))
        }
        add("spaces as suffixes") { $0.trainer = [0xc0, 0x01, 1] }
        add("does not escape spaces") { $0.normalizer = [5 << 3, 0] }
        add("rewrites decoded text") { $0.extra = ModelBuilder.field(5, ModelBuilder.field(2, [1])) }
        add("field 3 holds a value of another type") { $0.trainer = ModelBuilder.field(3, [1]) }
        add("a string that is not UTF-8") { $0.normalizer = ModelBuilder.field(1, [0xff]) }
        add("wire type 3") { $0.extra = [1 << 3 | 3] }
        add("field number 0") { $0.extra = [0, 0] }
        add("a field of 9 bytes where 1 are left") { $0.extra = [1 << 3 | 2, 9, 0] }
        add("a number longer than 64 bits") { $0.extra = [7 << 3] + [UInt8](repeating: 0xff, count: 12) }
        add("normalization table has no header") { $0.normalizer = ModelBuilder.field(2, [1, 0]) }
        add("claims a trie of 1024 bytes") { $0.normalizer = ModelBuilder.field(2, [0, 4, 0, 0, 1, 1]) }
        add("do not end") { $0.normalizer = ModelBuilder.field(2, [4, 0, 0, 0, 0, 0, 0, 0, 0x61]) }
        for (problem, builder) in cases {
            let message = message(builder)
            #expect(
                message?.hasPrefix("made.model: not a usable SentencePiece model: ") == true, "\(problem)")
            #expect(message?.contains(problem) == true, "\(message ?? "no error") is not \(problem)")
        }
    }

    /// Opens a model and, if that works, uses it: it must neither crash nor fail otherwise than with `UserError`.
    private func probe(_ data: Data, using generator: inout SeededGenerator) throws -> Bool {
        do {
            let tokenizer = try Tokenizer(serializedModel: data, name: "damaged")
            for text in ["Ada takes the lamp  to the hall. ﬁ\u{3000}\u{ad}e\u{301}☠<|end|>", "\0\n"] {
                let ids = tokenizer.encode(text)
                _ = tokenizer.encodeContent(text)
                _ = tokenizer.encode(text, samplingAlpha: 0.3, using: &generator)
                _ = try tokenizer.decode(ids)
            }
            _ = try tokenizer.decode((0..<tokenizer.vocabularySize).map(Int32.init))
            return true
        } catch is UserError {
            return false
        }
    }

    @Test("Flipped bits never crash", arguments: Golden.names)
    func flippedBits(_ name: String) throws {
        let sound = try Golden.tokenizer(name).serializedModel
        var generator = SeededGenerator(seed: 7)
        var refused = 0
        for _ in 0..<1000 {
            var data = sound
            for _ in 0..<Int.random(in: 1...8, using: &generator) {
                data[Int.random(in: 0..<data.count, using: &generator)] ^=
                    1 << UInt8.random(in: 0..<8, using: &generator)
            }
            if try !probe(data, using: &generator) { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test("A model cut short is refused", arguments: Golden.names)
    func truncated(_ name: String) throws {
        let sound = try Golden.tokenizer(name).serializedModel
        var generator = SeededGenerator(seed: 8)
        for length in stride(from: 0, to: sound.count, by: 7) {
            #expect(try !probe(sound.prefix(length), using: &generator), "\(length) of \(sound.count) bytes")
        }
        #expect(throws: UserError.self) { try Tokenizer(serializedModel: Data(), name: "empty") }
    }

    @Test func missingFiles() throws {
        try withTemporaryDirectory { directory in
            for url in [directory, directory.appendingPathComponent("none.model")] {
                let error = #expect(throws: UserError.self) { try Tokenizer(contentsOf: url) }
                #expect(error?.status == .noInput)
            }
            let file = directory.appendingPathComponent("tokenizer.model")
            try ModelBuilder().data.write(to: file)
            #expect(try Tokenizer(contentsOf: directory).vocabularySize == 2)
            #expect(try Tokenizer(contentsOf: file).serializedModel == ModelBuilder().data)
            try Data("not a model".utf8).write(to: file)
            let error = #expect(throws: UserError.self) { try Tokenizer(contentsOf: directory) }
            #expect(error?.status == .dataFormat)
            #expect(error?.file == file.path)
        }
    }
}
