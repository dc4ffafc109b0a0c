import ArgumentParser
import Checkpoints
import Foundation
import Support
import Tensors
import Tokenization

extension TokenizerKind: ExpressibleByArgument {}

struct TokenizerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenizer",
        abstract: "Train a SentencePiece vocabulary and use it.",
        discussion: """
            Examples:
              distill tokenizer train corpus.jsonl --output tokenizer.model --vocabulary-size 4096
              distill tokenizer inspect --model tokenizer.model
              distill tokenizer encode --model tokenizer.model --bos < text.txt > ids.txt
              distill tokenizer decode --model tokenizer.model < ids.txt
              distill tokenizer count --model tokenizer.model --corpus corpus.jsonl
            """,
        subcommands: [Train.self, Trim.self, Encode.self, Decode.self, Count.self, Inspect.self])

    /// The tokenizer a command works with.
    struct Model: ParsableArguments {
        @Option(help: "A .model file, a directory that holds tokenizer.model, or a GGUF file.")
        var model: String

        func load() throws -> Tokenizer { try Checkpoint.tokenizer(at: URL(fileURLWithPath: model)) }
    }
}

extension TokenizerCommand {
    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a vocabulary on text.",
            discussion: """
                Reads .jsonl files (the text of "text", "prompt", "completion" and of each message in "messages"), \
                .txt files, and directories of them.

                Examples:
                  distill tokenizer train stories.jsonl chats.jsonl --output tokenizer.model
                  distill tokenizer train book.txt --output book.model --kind bpe --vocabulary-size 8000
                  distill tokenizer train data --output t.model --symbols '<|user|>' '<|assistant|>' '<|end|>'

                The defaults make encoding reversible: no character is rewritten or dropped, and characters \
                without a piece are spelled in bytes. The one exception is U+2581 (▁), which SentencePiece \
                writes a space as: it comes back as a space.
                """)

        @Argument(help: "Files or directories of text, - for standard input.")
        var files: [String]
        @Option(name: .shortAndLong, help: "Where the .model file goes, - for standard output.")
        var output: String
        @Option(help: "Pieces to reach, with 3 special pieces, 256 byte pieces and the symbols.")
        var vocabularySize = 4096
        @Option(help: "The kind of vocabulary.")
        var kind = TokenizerKind.unigram
        @Option(parsing: .upToNextOption, help: "Symbols that are kept whole; by default the role markers.")
        var symbols: [String] = ChatTemplate.roleMarkers.symbols
        @Option(help: "Share of the text's characters that get a piece, 0.98 to 1.")
        var characterCoverage: Float = 0.9995
        @Flag(inversion: .prefixedNo, help: "Spell other characters in bytes.")
        var byteFallback = true
        @Flag(inversion: .prefixedNo, help: "Make each digit a piece of its own.")
        var splitDigits = true
        @Flag(help: "Put a space before every text, as Llama's first vocabularies do.")
        var dummyPrefix = false
        @Option(help: "Train on a random choice of this many records.")
        var maximumRecords: Int?
        @Option(help: "Decides that choice.")
        var seed = RandomStream.standardSeed
        @OptionGroup(title: "General") var general: GeneralFlags

        func validate() throws {
            if let maximumRecords, maximumRecords < 1 {
                throw ValidationError("--maximum-records is at least 1, not \(maximumRecords)")
            }
        }

        func run() throws {
            try general.running {
                try OutputCheck.refuse(output, amongInputs: files)
                var training = TokenizerTraining(kind: kind, vocabularySize: vocabularySize)
                training.userDefinedSymbols = symbols
                training.characterCoverage = characterCoverage
                training.hasByteFallback = byteFallback
                training.splitsDigits = splitDigits
                training.addsDummyPrefix = dummyPrefix
                let model = try training.train(
                    files: StandardStreams.files(files), maximumRecords: maximumRecords, seed: seed
                ) { Failure.report("note: \($0)") }
                let tokenizer = try Tokenizer(serializedModel: model, name: output)
                try Console.write(model, toFile: output)
                try Console.summarize(
                    "\(output): \(kind.rawValue), \(tokenizer.vocabularySize) pieces", of: output)
            }
        }
    }

    struct Encode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn each line of standard input into a line of token ids.",
            discussion: """
                The ids are those of the sentencepiece library, which takes U+2581 (▁) in a text for a space. The spelling of a user-defined symbol, such as \
                <|user|>, becomes its id; with --content it stays text.

                Example:
                  echo 'How are you?' | distill tokenizer encode --model tokenizer.model --bos
                """)

        @OptionGroup var model: Model
        @Flag(help: "Begin each line with the begin id.")
        var bos = false
        @Flag(help: "End each line with the end id.")
        var eos = false
        @Flag(help: "Treat lines as text from outside, which cannot spell role markers.")
        var content = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let tokenizer = try model.load()
                for (isAsked, id, name) in [(bos, tokenizer.beginID, "begin"), (eos, tokenizer.endID, "end")]
                where isAsked && id == nil {
                    throw UserError("the vocabulary has no \(name) piece", file: model.model)
                }
                var spaceSymbols = 0
                try ByteLines.transform { lines, first in
                    for (index, line) in lines.enumerated() {
                        spaceSymbols += SpaceSymbol.count(in: line)
                        guard UTF8Validation.firstFault(in: UnsafeRawBufferPointer(line)) == nil else {
                            throw UserError(
                                "not valid UTF-8", file: "standard input", line: first + index)
                        }
                    }
                    return map(lines) { line in
                        ByteLines.decimal(encode(line, with: tokenizer))
                    }
                }
                if let note = SpaceSymbol.note(count: spaceSymbols) { Failure.report("note: \(note)") }
            }
        }

        private func encode(_ line: UnsafeBufferPointer<UInt8>, with tokenizer: Tokenizer) -> [Int32] {
            guard content else { return tokenizer.encode(utf8: line, addBegin: bos, addEnd: eos) }
            let ids = tokenizer.encodeContent(String(decoding: line, as: UTF8.self))
            return (bos ? [tokenizer.beginID!] : []) + ids + (eos ? [tokenizer.endID!] : [])
        }
    }

    struct Decode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn each line of token ids back into text.",
            discussion: """
                Example:
                  distill tokenizer decode --model tokenizer.model < ids.txt
                """)

        @OptionGroup var model: Model
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let tokenizer = try model.load()
                try ByteLines.transform { lines, first in
                    let ids = try lines.enumerated().map {
                        try Self.ids(in: $1, line: first + $0, of: tokenizer)
                    }
                    // Checked above, so decoding does not throw.
                    return map(ids) { (try? tokenizer.decodedBytes($0)) ?? [] }
                }
            }
        }

        private static func ids(
            in line: UnsafeBufferPointer<UInt8>, line number: Int, of tokenizer: Tokenizer
        ) throws -> [Int32] {
            try line.split(whereSeparator: { [UInt8(ascii: " "), 9, 13].contains($0) }).map { word in
                let text = String(decoding: word, as: UTF8.self)
                guard let id = Int32(text), id >= 0, id < tokenizer.vocabularySize else {
                    throw UserError(
                        "\(text.debugDescription) is not a token id", file: "standard input", line: number,
                        hint: "ids are 0 to \(tokenizer.vocabularySize - 1), separated by spaces")
                }
                return id
            }
        }
    }
}

/// One line of output for each element, made on all cores, in order.
private func map<Element>(_ elements: [Element], _ line: (Element) -> [UInt8]) -> [UInt8] {
    // A group of lines is one piece of output: many lines are a few words long.
    let grain = 64
    var groups = [[UInt8]](repeating: [], count: (elements.count + grain - 1) / grain)
    groups.withUnsafeMutableBufferPointer { buffer in
        nonisolated(unsafe) let slots = buffer
        Parallel.forRanges(of: elements.count, grain: grain) { range in
            var output: [UInt8] = []
            for index in range {
                output += line(elements[index])
                output.append(UInt8(ascii: "\n"))
            }
            slots[range.lowerBound / grain] = output
        }
    }
    var output: [UInt8] = []
    output.reserveCapacity(groups.reduce(0) { $0 + $1.count })
    for group in groups { output += group }
    return output
}
