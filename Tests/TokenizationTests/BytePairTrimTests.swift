import Foundation
import Support
import TestSupport
import Testing

@testable import Tokenization

@Suite("Trimming a tokenizer.json vocabulary")
struct BytePairTrimTests {
    @Test(arguments: BytePairGolden.unigramNames)
    func unigramModelsAreNotTrimmed(_ name: String) throws {
        let tokenizer = try BytePairGolden.tokenizer(name)
        let problem = try #require(VocabularyTrim.problem(of: tokenizer, to: 280))
        #expect(problem.problem.contains("unigram") && problem.status == .configuration)
        #expect(VocabularyTrim.leastSize(of: tokenizer) == tokenizer.vocabularySize)
    }

    // MARK: - Text is divided as before

    /// In vocabularies of all kinds, trimmed to any size: a text whose pieces are all kept has them afterwards, and every text
    /// can be encoded and comes back.
    @Test(arguments: RandomVocabulary.Form.allCases)
    func textWhosePiecesAreKeptIsDividedAsBefore(_ form: RandomVocabulary.Form) throws {
        var (covered, others) = (0, 0)
        for index in 0..<120 {
            var vocabulary = try RandomVocabulary(form, index: UInt64(index))
            let whole = vocabulary.tokenizer
            let size = vocabulary.size(from: VocabularyTrim.leastSize(of: whole))
            let trim = try VocabularyTrim(whole, to: size, texts: (0..<2).map { _ in vocabulary.text() })
            let small = trim.tokenizer
            #expect(small.vocabularySize == trim.rows.count && small.vocabularySize <= size)
            for id in 0..<Int32(small.vocabularySize) {
                #expect(small.piece(id) == whole.piece(trim.rows[Int(id)]))
                #expect(small.kind(of: id) == whole.kind(of: trim.rows[Int(id)]))
            }
            for _ in 0..<60 {
                let text = vocabulary.text()
                for continuing in [false, true] {
                    let old = whole.encodeContent(text, continuing: continuing)
                    let new = small.encodeContent(text, continuing: continuing)
                    if old.allSatisfy({ trim.id(of: $0) != nil }) {
                        covered += 1
                        #expect(new.map { trim.rows[Int($0)] } == old, "\(text) in \(form) \(index)")
                    } else {
                        others += 1
                    }
                    #expect(try small.decode(new) == whole.decode(old), "\(text) in \(form) \(index)")
                }
            }
        }
        #expect(covered > 2000 && others > 2000, "\(covered) and \(others)")
    }

    /// Vocabularies of the published kinds: the corpus is divided as before, changes of other text are counted.
    @Test(arguments: BytePairGolden.bytePairNames)
    func corpusIsDividedAsBefore(_ name: String) throws {
        let (whole, texts) = (try BytePairGolden.tokenizer(name), try BytePairGolden.texts())
        let corpus = Array(texts.prefix(30))
        let trim = try VocabularyTrim(whole, to: whole.vocabularySize - 20, texts: corpus)
        let small = trim.tokenizer
        #expect(trim.usage.changedTokens == 0 && trim.usage.tokens > 200)
        for text in corpus {
            for continuing in [false, true] {
                #expect(
                    small.encodeContent(text, continuing: continuing).map { trim.rows[Int($0)] }
                        == whole.encodeContent(text, continuing: continuing), "\(text.debugDescription)")
            }
        }
        // Tokens of "added" take the spaces beside them away; without the token they stay.
        for text in texts + OddTexts(seed: 5).prefix(200) where small.hasByteFallback && name != "added" {
            #expect(
                sameBytes(try small.decode(small.encode(text)), try whole.decode(whole.encode(text))),
                "\(text.debugDescription)")
        }
        // Too little room: what changes is what another count finds.
        let least = try VocabularyTrim(whole, to: VocabularyTrim.leastSize(of: whole) + 3, texts: corpus)
        func tokens(_ tokenizer: Tokenizer, _ text: String, _ continuing: Bool) -> Set<String> {
            var place = 0
            return Set(
                tokenizer.encodeContent(text, continuing: continuing).map { id in
                    defer { place += tokenizer.bytes(of: id).count }
                    return "\(place) \(tokenizer.piece(id))"
                })
        }
        let readings = whole.addsDummyPrefix ? [false, true] : [false]
        let changed = corpus.reduce(0) { sum, text in
            readings.reduce(sum) {
                $0 + tokens(whole, text, $1).subtracting(tokens(least.tokenizer, text, $1)).count
            }
        }
        // Unknown pieces at one place count once there.
        if whole.hasByteFallback { #expect(changed > 0 && least.usage.changedTokens == changed) }
    }

    /// A piece stays with all that its merges pass through, and with no other pair that would make it.
    @Test func mergesKeepWhatTheyPassThrough() throws {
        let whole = try tokenizer(
            pieces: ["ab", "cd", "bc", "abcd", "abc", "xy"],
            merges: ["a b", "c d", "b c", "ab cd", "ab c", "abc d", "x y"])
        #expect(whole.encode("abcd").map(whole.piece) == ["abcd"])
        let trim = try VocabularyTrim(whole, to: 259, texts: ["abcd"])
        #expect(pieces(trim.tokenizer).subtracting(Self.alphabet) == ["ab", "cd", "abcd"])
        #expect(trim.tokenizer.encode("abcd").map(trim.tokenizer.piece) == ["abcd"])
        #expect(trim.tokenizer.bytePairModel?.merges == ["a b", "c d", "ab cd"])
        let less = try VocabularyTrim(whole, to: 258, texts: ["abcd"])
        #expect(less.tokenizer.id(of: "abcd") == nil && less.usage.changedTokens == 1)
        #expect(less.usage.hint(for: 258) == "259 pieces would change none")
        #expect(trim.usage.neededPieces == 259 && trim.usage.hint(for: 259) == nil)
    }

    /// Where words that are pieces become them, a piece that no merges reach is kept alone.
    @Test func ignoredMerges() throws {
        let whole = try tokenizer(
            pieces: ["ab", "bc", "abc"], merges: ["b c", "a b"], preTokenizer: "llama-bpe")
        #expect(whole.encode("abc").map(whole.piece) == ["abc"])
        let trim = try VocabularyTrim(whole, to: 257, texts: ["abc"])
        #expect(pieces(trim.tokenizer).subtracting(Self.alphabet) == ["abc"])
        #expect(
            trim.tokenizer.encode("abc abc").map(trim.tokenizer.piece) == ["abc", "\u{120}", "a", "b", "c"])
        #expect(trim.usage.changedTokens == 0)
    }

    // MARK: - What stays

    @Test func specialTokensStayAndPlaceholdersGo() throws {
        let added: [(String, PieceKind)] = [
            ("<|begin|>", .control), ("<|fim|>", .control), ("<|reserved_special_token_1|>", .control),
            ("<SPECIAL_9>", .control), ("<tool>", .userDefined), ("<call>", .userDefined),
        ]
        let whole = try tokenizer(pieces: ["ab"], merges: ["a b"], added: added, begin: "<|begin|>")
        #expect(VocabularyTrim.leastSize(of: whole) == 258)
        let reserved = try #require(whole.id(of: "<|reserved_special_token_1|>"))
        #expect(VocabularyTrim.leastSize(of: whole, required: [reserved]) == 259)
        let small = try VocabularyTrim(whole, to: 260, texts: ["<call><call>ab"], required: [reserved])
            .tokenizer
        #expect(
            pieces(small).subtracting(Self.alphabet)
                == ["<|begin|>", "<|fim|>", "<|reserved_special_token_1|>", "<call>"])
        #expect(small.beginID == small.id(of: "<|begin|>") && small.beginTokenID == small.beginID)
        #expect(small.kind(of: try #require(small.id(of: "<|fim|>"))) == .control)
        #expect(small.encode("<call>").count == 1 && small.encode("<|fim|>").count > 1)
        // Another text.
        let other = try VocabularyTrim(whole, to: 259, texts: ["ab"]).tokenizer
        #expect(pieces(other).subtracting(Self.alphabet) == ["<|begin|>", "<|fim|>", "ab"])
    }

    /// The ids in the post-processor and in `padding` are those of the trimmed vocabulary.
    @Test func settingsHaveTheNewIDs() throws {
        var file = try #require(
            JSONSerialization.jsonObject(
                with: tokenizer(
                    pieces: ["ab"], merges: ["a b"],
                    added: [("<|begin|>", .control), ("<unused1>", .control), ("<|end|>", .control)],
                    begin: "<|begin|>", end: "<|end|>"
                ).serializedModel) as? [String: Any])
        file["padding"] =
            ["strategy": "BatchLongest", "pad_id": 259, "pad_token": "<|end|>"] as [String: Any]
        let whole = try Tokenizer(
            tokenizerJSON: JSONSerialization.data(withJSONObject: file), name: "tokenizer.json")
        #expect(whole.beginID == 257 && whole.endID == 259)
        let small = try VocabularyTrim(whole, to: 258, texts: ["xy"]).tokenizer
        let written = try #require(
            JSONSerialization.jsonObject(with: small.serializedModel) as? [String: Any])
        let padding = try #require(written["padding"] as? [String: Any])
        let processor = try #require(written["post_processor"] as? [String: Any])
        let tokens = try #require(processor["special_tokens"] as? [String: [String: Any]])
        #expect(padding["pad_id"] as? Int == 257 && tokens["<|end|>"]?["ids"] as? [Int] == [257])
        #expect(small.beginID == 256 && small.endID == 257 && small.vocabularySize == 258)
        // The begin token may be that of the files beside, without a post-processor.
        var roles = TokenizerConfiguration(configuration: ["add_bos_token": .boolean(true)])
        roles.beginToken = "<|begin|>"
        file["post_processor"] = NSNull()
        let beside = try Tokenizer(
            tokenizerJSON: JSONSerialization.data(withJSONObject: file), configuration: roles, name: "beside")
        let trimmed = try VocabularyTrim(beside, to: 258, texts: ["xy"]).tokenizer
        #expect(beside.beginID == 257 && trimmed.beginID == 256 && trimmed.endID == nil)
    }

    @Test func symbolsTakePlaces() throws {
        let whole = try tokenizer(
            pieces: ["ab", "\u{120}ab", "abab"], merges: ["a b", "\u{120} ab", "ab ab"],
            added: [("<|end|>", .control)], end: "<|end|>")
        let trim = try VocabularyTrim(
            whole, to: 259, texts: ["ab"], symbols: [.init("<|user|>", replacing: " ab")])
        let id = try #require(trim.tokenizer.id(of: "<|user|>"))
        #expect(trim.rows[Int(id)] == whole.id(of: "\u{120}ab") && trim.tokenizer.kind(of: id) == .control)
        #expect(!trim.tokenizer.encode("<|user|> ab").contains(id) && trim.usage.changedTokens == 0)
        #expect(
            try Tokenizer(serializedModel: trim.tokenizer.serializedModel, name: "again").encode(" ab ab")
                == trim.tokenizer.encode(" ab ab"))
        // Nothing is made of a piece that was replaced, so it needs no row.
        let gone = try VocabularyTrim(
            whole, to: 259, texts: ["abab"], symbols: [.init("<|user|>", replacing: "ab")])
        #expect(gone.tokenizer.id(of: "abab") == nil && gone.usage.changedTokens == 1)
        func message(_ symbol: VocabularyTrim.Symbol) -> String {
            VocabularyTrim.problem(of: whole, to: 259, symbols: [symbol])?.description ?? ""
        }
        #expect(message(.init("<|end|>", replacing: "ab")).contains("empty or there already"))
        for piece in ["a", " ", "<|end|>", "nothing"] {
            #expect(message(.init("<x>", replacing: piece)).contains("cannot replace"), "\(piece)")
        }
    }

    @Test func whatCannotBeIsRefused() throws {
        let whole = try tokenizer(pieces: ["ab"], merges: ["a b"], added: [("<|end|>", .control)])
        #expect(
            VocabularyTrim.problem(of: whole, to: 258)?.problem
                == "258 pieces are no fewer than the vocabulary has, 258")
        #expect(
            VocabularyTrim.problem(of: whole, to: 256)?.problem.contains("256 pieces are too few") == true)
        #expect(VocabularyTrim.problem(of: whole, to: 256)?.hint == "keep 257 or more")
        #expect(VocabularyTrim.problem(of: whole, to: 257) == nil)
        // Merges of byte pieces do not show in a spelling.
        var file = try #require(
            JSONSerialization.jsonObject(with: BytePairGolden.data("gemma")) as? [String: Any])
        var model = try #require(file["model"] as? [String: Any])
        var vocabulary = try #require(model["vocab"] as? [String: Int])
        vocabulary["<0xC3><0xA9>"] = vocabulary.count
        (model["vocab"], model["merges"]) = (vocabulary, ["<0xC3> <0xA9>"])
        (file["model"], file["added_tokens"]) = (model, [Any]())
        let odd = try Tokenizer(
            tokenizerJSON: JSONSerialization.data(withJSONObject: file), name: "tokenizer.json")
        #expect(VocabularyTrim.problem(of: odd, to: 300)?.problem.contains("merges byte pieces") == true)
        #expect(VocabularyTrim.leastSize(of: odd) == odd.vocabularySize)
    }

    /// A trimmed vocabulary is one like others: it is trimmed again, and told from its parts.
    @Test(arguments: BytePairGolden.exactNames)
    func trimmedTwice(_ name: String) throws {
        let whole = try BytePairGolden.tokenizer(name)
        let texts = Array(try BytePairGolden.texts().prefix(20))
        let first = try VocabularyTrim(whole, to: 360, texts: texts)
        let second = try VocabularyTrim(first.tokenizer, to: 320, texts: texts)
        let direct = try VocabularyTrim(whole, to: 320, texts: texts)
        #expect(second.tokenizer.serializedModel == direct.tokenizer.serializedModel)
        #expect(second.rows.map { first.rows[Int($0)] } == direct.rows)
        // GGUF has a name for the whole vocabulary's patterns, or for neither's.
        #expect(second.tokenizer.bytePairModel?.preTokenizer == whole.bytePairModel?.preTokenizer)
        guard let parts = second.tokenizer.bytePairModel else { return #expect(name == "tekken") }
        let copy = try Tokenizer(parts, name: "copy")
        for text in texts + OddTexts(seed: 9).prefix(100) {
            #expect(copy.encode(text) == second.tokenizer.encode(text), "\(text.debugDescription)")
        }
    }

    // MARK: - Vocabularies

    private static let alphabet = Set(ByteAlphabet.scalars.map { String($0) })

    private func pieces(_ tokenizer: Tokenizer) -> Set<String> {
        Set((0..<Int32(tokenizer.vocabularySize)).map(tokenizer.piece))
    }

    /// All bytes, and some pieces.
    private func tokenizer(
        pieces: [String], merges: [String], added: [(String, PieceKind)] = [], begin: String? = nil,
        end: String? = nil, preTokenizer: String = "gpt-2"
    ) throws -> Tokenizer {
        let all = ByteAlphabet.scalars.map { String($0) } + pieces + added.map(\.0)
        func id(_ spelling: String?) -> Int32? { spelling.flatMap(all.firstIndex).map(Int32.init) }
        return try Tokenizer(
            BytePairModel(
                pieces: all,
                kinds: Array(repeating: .normal, count: 256 + pieces.count) + added.map(\.1),
                merges: merges, preTokenizer: #require(NamedPreTokenizer(preTokenizer)), ignoresMerges: nil,
                beginID: id(begin), endID: id(end)), name: "made")
    }
}
