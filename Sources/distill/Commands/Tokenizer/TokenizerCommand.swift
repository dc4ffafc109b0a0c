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
        abstract: "Train, trim, inspect and use tokenizers.",
        discussion: """
            EXAMPLES
              distill tokenizer train corpus.jsonl --output tokenizer.model --vocabulary-size 4096
              distill tokenizer inspect tokenizer.model
              distill tokenizer encode tokenizer.model --bos < text.txt > ids.txt
              distill tokenizer decode tokenizer.model < ids.txt
              distill tokenizer count tokenizer.model --corpus corpus.jsonl
            """,
        subcommands: [
            Train.self, Trim.self, Encode.self, Decode.self, Count.self, Inspect.self, Convert.self,
        ])

    /// The tokenizer that a subcommand works with.
    struct Model: ParsableArguments {
        @Argument(
            help: "The tokenizer: a .model file, a tokenizer.json, or a model: a path or a name on the hub.")
        var model: String
        @Option(
            help: ArgumentHelp(
                "How a tiktoken file that is not known divides text, by llama.cpp's names (qwen2, llama-bpe, …).",
                valueName: "name"))
        var pattern: String?

        func load(_ general: GeneralFlags) throws -> Tokenizer { try loadWithTemplate(general).tokenizer }

        /// The tokenizer and the chat template that comes with it, or that its vocabulary suggests.
        func loadWithTemplate(_ general: GeneralFlags) throws -> (
            tokenizer: Tokenizer, template: ChatTemplate?
        ) {
            let url = try general.model(model)
            guard let pattern else { return try Checkpoint.tokenizerAndTemplate(at: url) }
            guard let named = NamedPreTokenizer(pattern) else {
                throw UserError(
                    "--pattern names no known pattern: \"\(pattern)\"",
                    hint: "known are " + NamedPreTokenizer.allNames.joined(separator: ", "), status: .usage)
            }
            return (try Tokenizer(contentsOf: url, pattern: named), nil)
        }
    }
}

extension TokenizerCommand {
    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Train a SentencePiece tokenizer on text.",
            discussion: """
                Reads .jsonl files (the text of "text", "prompt", "completion" and of each message in "messages"), \
                .txt files, and directories of them.

                EXAMPLES
                  distill tokenizer train stories.jsonl chats.jsonl --output tokenizer.model
                  distill tokenizer train book.txt --output book.model --kind bpe --vocabulary-size 8000
                  distill tokenizer train data --output t.model --symbols '<|user|>' '<|assistant|>' '<|end|>'

                With the defaults, encoding is reversible: no normalization, and characters without a piece are encoded \
                as bytes. The only exception is U+2581 (▁), SentencePiece's own symbol for a space: it is decoded as a \
                space.
                """)

        @Argument(help: "Files or directories of text, - for standard input.")
        var files: [String]
        @Option(name: .shortAndLong, help: "The .model file to write, - for standard output.")
        var output: String
        @Option(help: "Number of pieces, including 3 special pieces, 256 byte pieces and the symbols.")
        var vocabularySize = 4096
        @Option(help: "The segmentation algorithm.")
        var kind = TokenizerKind.unigram
        @Option(
            parsing: .upToNextOption,
            help: "User-defined symbols, which are never split (default: the role markers).")
        var symbols: [String] = ChatTemplate.roleMarkers.symbols
        @Option(help: "Fraction of the text's characters that get a piece, 0.98 to 1.")
        var characterCoverage: Float = 0.9995
        @Flag(inversion: .prefixedNo, help: "Encode other characters as bytes.")
        var byteFallback = true
        @Flag(inversion: .prefixedNo, help: "Make each digit a piece of its own.")
        var splitDigits = true
        @Flag(help: "Put a space before every text, as the tokenizers of Llama 1 and 2 do.")
        var dummyPrefix = false
        @Option(help: "Train on a random sample of this many records.")
        var maximumRecords: Int?
        @Option(help: "The seed of that sample.")
        var seed = RandomStream.standardSeed
        @OptionGroup var summary: SummaryFlag
        @OptionGroup(title: "General") var general: GeneralFlags

        func validate() throws {
            try summary.validate(output: output)
            if let maximumRecords, maximumRecords < 1 {
                throw ValidationError("--maximum-records must be at least 1, not \(maximumRecords)")
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
                if summary.json {
                    return try printJSON(
                        TrainingSummary(
                            path: output, kind: kind, vocabularySize: tokenizer.vocabularySize))
                }
                try Console.summarize(
                    "\(output): \(kind.rawValue), \(tokenizer.vocabularySize) pieces", of: output)
            }
        }
    }

    /// What `tokenizer train --json` prints.
    private struct TrainingSummary: Encodable {
        let path: String
        let kind: TokenizerKind
        let vocabularySize: Int
    }

    struct Encode: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Encode each line of standard input as a line of token ids.",
            discussion: """
                The ids are those of the sentencepiece library, which reads U+2581 (▁) in a text as a space, or of the \
                tokenizers library. Text that spells a special token stays text. A user-defined symbol that is spelled out \
                in the text, such as <|user|>, becomes its id; with --content it stays text.

                EXAMPLES
                  echo 'How are you?' | distill tokenizer encode tokenizer.model --bos
                  echo '"two\\nlines"' | distill tokenizer encode models/SmolLM2-135M-Instruct --jsonl
                """)

        @OptionGroup var model: Model
        @Flag(help: "Begin each line with the begin-of-sequence id.")
        var bos = false
        @Flag(help: "End each line with the end-of-sequence id.")
        var eos = false
        @Flag(help: "Treat lines as untrusted text, in which user-defined symbols are plain characters.")
        var content = false
        @Flag(help: "Read each line as a JSON string, which may contain line breaks.")
        var jsonl = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let tokenizer = try model.load(general)
                for (isAsked, id, name) in [(bos, tokenizer.beginID, "begin"), (eos, tokenizer.endID, "end")]
                where isAsked && id == nil {
                    throw UserError("the vocabulary has no \(name) piece", file: model.model)
                }
                var spaceSymbols = 0
                try ByteLines.transform { lines, first in
                    for (index, line) in lines.enumerated() {
                        if tokenizer.isSentencePiece { spaceSymbols += SpaceSymbol.count(in: line) }
                        guard UTF8Validation.firstFault(in: UnsafeRawBufferPointer(line)) == nil else {
                            throw UserError(
                                "not valid UTF-8", file: "standard input", line: first + index)
                        }
                    }
                    guard jsonl else {
                        return map(lines) { ByteLines.decimal(encode($0, with: tokenizer)) }
                    }
                    let texts = try lines.enumerated().map { try JSONStringLine.parse($1, line: first + $0) }
                    return map(texts) { text in
                        text.withUnsafeBufferPointer { ByteLines.decimal(encode($0, with: tokenizer)) }
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
            abstract: "Decode each line of token ids to text.",
            discussion: """
                EXAMPLES
                  distill tokenizer decode tokenizer.model < ids.txt
                """)

        @OptionGroup var model: Model
        @Flag(help: "Write each text as a JSON string, so that one with line breaks is one line.")
        var jsonl = false
        @OptionGroup(title: "General") var general: GeneralFlags

        func run() throws {
            try general.running {
                let tokenizer = try model.load(general)
                try ByteLines.transform { lines, first in
                    let ids = try lines.enumerated().map {
                        try Self.ids(in: $1, line: first + $0, of: tokenizer)
                    }
                    // The ids were checked above, so decoding cannot throw.
                    return map(ids) { ids in
                        let text = (try? tokenizer.decodedBytes(ids)) ?? []
                        return jsonl ? JSONStringLine.write(text) : text
                    }
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

/// One output line per element, computed on all cores, in order.
private func map<Element>(_ elements: [Element], _ line: (Element) -> [UInt8]) -> [UInt8] {
    // Lines are grouped, since many of them are only a few words long.
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
