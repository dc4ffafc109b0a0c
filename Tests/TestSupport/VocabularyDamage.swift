import Support
import Testing
import Tokenization

/// Opens damaged vocabularies one after another. Each must give one `UserError`, or a tokenizer that encodes texts and decodes all ids.
///
/// - Parameters:
///   - rounds: How many.
///   - texts: What is encoded.
///   - tokenizer: Damages a file and opens it.
/// - Returns: How many were refused, and the longest time that one took, in seconds.
public func useDamagedVocabularies(
    rounds: Int, texts: [String], _ tokenizer: (_ round: Int) throws -> Tokenizer
) throws -> (refused: Int, slowest: Double) {
    var (refused, slowest) = (0, 0.0)
    for round in 0..<rounds {
        let start = ContinuousClock.now
        do {
            let tokenizer = try tokenizer(round)
            for text in texts { _ = try tokenizer.decode(tokenizer.encode(text)) }
            _ = try tokenizer.decode((0..<tokenizer.vocabularySize).map(Int32.init))
        } catch let error as UserError {
            #expect(!error.description.isEmpty)
            refused += 1
        }
        slowest = max(slowest, Double(start.duration(to: .now) / .seconds(1)))
    }
    return (refused, slowest)
}

/// The characters that byte-level BPE writes bytes as (GPT-2's alphabet): printable bytes are their own characters, the others come from
/// U+0100 on.
public let byteLevelAlphabet: [String] = {
    let printable = Array(33...126) + Array(161...172) + Array(174...255)
    var next: UInt32 = 0x100
    return (0..<256).map { byte in
        if printable.contains(byte) { return String(Unicode.Scalar(UInt8(byte))) }
        defer { next += 1 }
        return String(Unicode.Scalar(next)!)
    }
}()
