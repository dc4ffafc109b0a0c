import Foundation
import TestSupport
import Testing

@testable import Tokenization

/// Faults found, line 15: a text larger than memory is encoded in parts.
@Suite struct TextEncoderTests {
    private static let text = (0..<200).map {
        "The lamp \($0) is  red,\t naïve “quotes” \($0 % 7 == 0 ? "\n\n" : "") 日本語 and <|user|> x\($0)."
    }.joined(separator: " ")

    private func encode(_ text: String, _ tokenizer: Tokenizer, chunk: Int, part: Int) -> [Int32] {
        var (encoder, ids) = (TextEncoder(tokenizer, partBytes: part), [Int32]())
        var rest = Substring(text)
        while !rest.isEmpty {
            encoder.append(rest.prefix(chunk).utf8, to: &ids)
            rest = rest.dropFirst(chunk)
        }
        encoder.finish(to: &ids)
        return ids
    }

    @Test(arguments: ["bpe", "unigram", "prefixed", "rewriting"])
    func partsHaveTheIDsOfTheWhole(model: String) throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/\(model).model"))
        let whole = tokenizer.encodeContent(Self.text)
        for (chunk, part) in [(1, 40), (7, 64), (500, 100), (10_000, 300)] {
            #expect(encode(Self.text, tokenizer, chunk: chunk, part: part) == whole, "\(chunk), \(part)")
        }
    }

    /// A text without spaces is cut between characters: nothing is lost.
    @Test func aTextWithoutSpacesIsDividedAllTheSame() throws {
        let tokenizer = try Tokenizer(contentsOf: golden("tokenization/bpe.model"))
        let text = String(repeating: "日本語é", count: 300)
        let ids = encode(text, tokenizer, chunk: 5, part: 16)
        #expect(try tokenizer.decode(ids) == text)
    }
}
