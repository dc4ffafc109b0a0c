import Foundation
import Support
import Testing

@testable import Tokenization

@Suite struct TrainingTests {
    private static let sentences: [String] = (0..<400).map { index in
        "Sentence \(index) tells where lamp \(index % 7) stands, näher am Tor.\n  indented line \(index * 13)"
    }

    private func train(_ change: (inout TokenizerTraining) -> Void = { _ in }) throws -> Tokenizer {
        var training = TokenizerTraining(vocabularySize: 400)
        change(&training)
        return try Tokenizer(serializedModel: try training.train(Self.sentences), name: "trained")
    }

    @Test(arguments: TokenizerKind.allCases)
    func trainsExactVocabularies(_ kind: TokenizerKind) throws {
        let tokenizer = try train {
            $0.kind = kind
            $0.vocabularySize = 330
        }
        #expect(tokenizer.kind == kind)
        #expect((290...330).contains(tokenizer.vocabularySize))
        #expect(tokenizer.hasByteFallback && !tokenizer.addsDummyPrefix && !tokenizer.removesExtraWhitespace)
        #expect(tokenizer.userDefinedIDs.map(tokenizer.piece) == ChatTemplate.roleMarkers.symbols)
        #expect(tokenizer.encode("lamp").count < 4)
        for text in OddTexts(seed: 9).prefix(300) {
            #expect(sameBytes(try tokenizer.decode(tokenizer.encode(text)), text))
        }
    }

    @Test(arguments: TokenizerKind.allCases)
    func sameSentencesSameBytes(_ kind: TokenizerKind) throws {
        let training = TokenizerTraining(kind: kind, vocabularySize: 350)
        #expect(try training.train(Self.sentences) == training.train(Self.sentences))
    }

    @Test func options() throws {
        let tokenizer = try train {
            $0.hasByteFallback = false
            $0.addsDummyPrefix = true
            $0.vocabularySize = 120
            // Commas, quotes and letters beyond ASCII pass through the library's list format.
            $0.userDefinedSymbols = ["<a,b>", "<\"q\">", "«é»"]
        }
        #expect(!tokenizer.hasByteFallback && tokenizer.addsDummyPrefix)
        #expect(tokenizer.userDefinedIDs.map(tokenizer.piece) == ["<a,b>", "<\"q\">", "«é»"])
        #expect(tokenizer.encode("中") == [tokenizer.id(of: "▁")!, tokenizer.unknownID!])
    }

    @Test func digits() throws {
        let apart = try train()
        let together = try train { $0.splitsDigits = false }
        func hasNumbers(_ tokenizer: Tokenizer) -> Bool {
            tokenizer.ids(of: .normal).contains { tokenizer.piece($0).filter(\.isNumber).count > 1 }
        }
        #expect(!hasNumbers(apart) && hasNumbers(together))
    }

    @Test("A small corpus ends with a smaller vocabulary")
    func smallCorpus() throws {
        let model = try TokenizerTraining(vocabularySize: 4000).train(["hello world, hello lamp"])
        #expect(try Tokenizer(serializedModel: model, name: "small").vocabularySize < 400)
    }

    @Test func mistakes() {
        func check(
            _ part: String, sentences: [String] = Self.sentences, _ change: (inout TokenizerTraining) -> Void
        ) {
            var training = TokenizerTraining(vocabularySize: 400)
            change(&training)
            let error = #expect(throws: UserError.self, "\(part)") { try training.train(sentences) }
            #expect(error?.description.contains(part) == true, "\(error?.description ?? "") is not \(part)")
        }
        check("a vocabulary of 0 pieces") { $0.vocabularySize = 0 }
        check("a vocabulary of 264 pieces is too small") { $0.vocabularySize = 264 }
        check("a character coverage of 0.5") { $0.characterCoverage = 0.5 }
        check("a character coverage of nan") { $0.characterCoverage = .nan }
        check("the symbol \"\"") { $0.userDefinedSymbols = [""] }
        check("the symbol \"a b\"") { $0.userDefinedSymbols = ["a b"] }
        check("the symbol \"<s>\" is a piece of every vocabulary") { $0.userDefinedSymbols = ["<s>"] }
        check("the symbol \"<0x0A>\" is a piece") { $0.userDefinedSymbols = ["<0x0A>"] }
        check("the symbol \"<x>\" is given twice") { $0.userDefinedSymbols = ["<x>", "<x>"] }
        check("no text", sentences: []) { _ in }
        check("no text", sentences: ["", ""]) { _ in }
        check("cannot be trained", sentences: ["\0"]) { _ in }
    }

    @Test("Training goes on with odd text")
    func oddText() throws {
        for kind in TokenizerKind.allCases {
            let sentences = Array(OddTexts(seed: 10).prefix(300)) + [String(repeating: "lampe", count: 5000)]
            let model = try TokenizerTraining(kind: kind, vocabularySize: 500).train(sentences)
            #expect(try Tokenizer(serializedModel: model, name: "odd").vocabularySize > 263)
        }
    }

    @Test("A text the library ends its process on is an error here", arguments: TokenizerKind.allCases)
    func nothingToLearn(_ kind: TokenizerKind) {
        // No characters but symbols; no two that could be one piece; characters the library leaves out.
        for text in ["<|user|><|end|>", "\t", "\0", "7", "▅"] {
            do {
                let model = try TokenizerTraining(kind: kind, vocabularySize: 400).train([text])
                #expect(throws: Never.self) { try Tokenizer(serializedModel: model, name: "tiny") }
            } catch {
                #expect(error is UserError, "\(text.debugDescription)")
            }
        }
    }

    @Test("Long sentences are cut, not lost")
    func longSentences() {
        func parts(_ sentences: String...) -> [String] {
            let buffer = SentenceBuffer(sentences)
            return zip([0] + buffer.ends, buffer.ends).map {
                String(decoding: buffer.bytes[$0..<$1], as: UTF8.self)
            }
        }
        let long = String(repeating: "häuser ", count: 2000)
        #expect(parts(long).count > 3 && parts(long).joined() == long)
        #expect(parts(long).allSatisfy { $0.utf8.count <= SentenceBuffer.longestSentence })
        #expect(parts(long).dropFirst().allSatisfy { $0.hasPrefix(" ") })
        let unbroken = String(repeating: "中", count: 3000)
        #expect(parts(unbroken).count == 3 && parts(unbroken).joined() == unbroken)
        #expect(parts("a\nb\n\nc", "", "d") == ["a\n", "b\n", "\n", "c", "d"])
        #expect(parts("▅a▅▅b▆▅") == ["a", "b▆"])
    }
}
