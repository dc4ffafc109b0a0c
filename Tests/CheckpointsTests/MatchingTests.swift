import Foundation
import Support
import Tensors
import TestSupport
import Testing
import Tokenization
import Transformer

@testable import Checkpoints

/// A teacher over the pieces of a student of its family.
@Suite struct MatchingTests {
    private let student = ["<|end|>", "<tool>", "<|im_end|>"]
    private let teacher = ["<|pad|>", "<|im_end|>", "<|end|>", "<image>"]

    private func checkpoint(_ tokenizer: Tokenizer, tied: Bool) throws -> Checkpoint {
        let configuration = Configuration(
            vocabularySize: tokenizer.vocabularySize, width: 32, layers: 2, heads: 2, feedForward: 32,
            tiedHead: tied, contextLength: 64)
        return Checkpoint(
            url: URL(filePath: "teacher"), decoder: try DecoderModel(configuration: configuration, seed: 3),
            tokenizer: tokenizer, template: nil, tokens: SpecialTokens())
    }

    private func logits(_ model: DecoderModel, _ ids: [Int32]) -> [Float] {
        withoutGradients {
            let hidden = model.frozenHiddenStates(TokenBatch(sequences: [ids]), at: [ids.count - 1])
            let out = Tensor(shape: [1, model.head.rows])
            model.head.project(hidden.matrix, into: out.matrix)
            return out.values
        }
    }

    @Test(arguments: [true, false])
    func logitsAreThoseOfThePiecesThatBothHave(tied: Bool) throws {
        let mine = try smallBytePair(added: student)
        let original = try checkpoint(smallBytePair(added: teacher, firstAdded: true), tied: tied)
        let matched = try original.matching(mine, of: "the student")
        #expect(matched.missingPieces == [262] && matched.decoder.configuration.vocabularySize == 264)
        let text = "the other one"
        let whole = logits(original.decoder, try original.requireTokenizer().encode(text))
        let z = logits(matched.decoder, mine.encode(text))
        for id in 0..<264 {
            let spelling = mine.piece(Int32(id))
            guard let found = try original.requireTokenizer().id(of: spelling) else {
                #expect(z[id] == OutputHead.missingLogit && spelling == "<tool>")
                continue
            }
            // The same sums in another order of columns.
            #expect(abs(z[id] - whole[Int(found)]) <= 1e-6)
        }
    }

    @Test func aModelWithTheSameIDsIsItself() throws {
        let original = try checkpoint(smallBytePair(), tied: true)
        #expect(try original.matching(smallBytePair(), of: "x").decoder === original.decoder)
    }

    @Test func otherFamiliesAreRefused() throws {
        let original = try checkpoint(smallBytePair(), tied: true)
        let error = try userError {
            _ = try original.matching(smallBytePair(preTokenizer: "gpt-2"), of: "the student")
        }
        #expect(error.problem == "has another tokenizer than the student" && error.file == "teacher")
    }
}
