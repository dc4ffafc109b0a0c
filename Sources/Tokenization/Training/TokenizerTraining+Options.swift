import CSentencePiece
import Foundation
import Support

extension TokenizerTraining {
    /// The options of the library's trainer that differ from its defaults or that results depend on.
    var options: [(name: String, value: String)] {
        [
            ("model_type", kind.rawValue),
            ("vocab_size", "\(vocabularySize)"),
            ("byte_fallback", "\(hasByteFallback)"),
            ("user_defined_symbols", userDefinedSymbols.map(Self.quoted).joined(separator: ",")),
            ("character_coverage", "\(characterCoverage)"),
            ("split_digits", "\(splitsDigits)"),
            ("add_dummy_prefix", "\(addsDummyPrefix)"),
            ("normalization_rule_name", "identity"),
            ("remove_extra_whitespaces", "false"),
            // Indentation costs one token, not one a space.
            ("allow_whitespace_only_pieces", "true"),
            // A small corpus ends with fewer pieces instead of an error.
            ("hard_vocab_limit", "false"),
            ("max_sentence_length", "\(SentenceBuffer.longestSentence)"),
            // Sums of probabilities depend on how many parts they are made of, so the number is fixed.
            ("num_threads", "16"),
            // Only what ends the process.
            ("minloglevel", "3"),
        ]
    }

    /// The library reads a list of symbols as a line of CSV.
    private static func quoted(_ symbol: String) -> String {
        "\"" + symbol.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }

    /// Calls a body with the options as C strings.
    func withOptions<Result>(_ body: (UnsafeBufferPointer<sp_option>) -> Result) -> Result {
        let strings = options.map { (strdup($0.name), strdup($0.value)) }
        defer {
            for (name, value) in strings {
                free(name)
                free(value)
            }
        }
        return strings.map { sp_option(name: $0.0, value: $0.1) }.withUnsafeBufferPointer(body)
    }

    /// Throws for options the library would refuse with a message about its own names, or not refuse at all.
    func validate() throws {
        func reject(_ problem: String, _ hint: String) -> UserError {
            UserError(problem, hint: hint, status: .configuration)
        }
        guard (1...Int(1 << 24)).contains(vocabularySize) else {
            throw reject("a vocabulary of \(vocabularySize) pieces", "give 1 to \(1 << 24)")
        }
        guard (0.98...1).contains(characterCoverage) else {
            throw reject("a character coverage of \(characterCoverage)", "give 0.98 to 1")
        }
        var seen = Set<[UInt8]>()
        for symbol in userDefinedSymbols {
            let shown = symbol.debugDescription
            if symbol.isEmpty || symbol.contains("\u{2581}")
                || symbol.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0 == "\0" })
            {
                throw reject("the symbol \(shown)", "a symbol is not empty and has no spaces")
            }
            if ["<unk>", "<s>", "</s>"].contains(symbol) || BytePiece.value(of: symbol) != nil {
                throw reject("the symbol \(shown) is a piece of every vocabulary", "leave it out")
            }
            if !seen.insert(Array(symbol.utf8)).inserted {
                throw reject("the symbol \(shown) is given twice", "give it once")
            }
        }
    }

    /// The error for a message of the library: `INTERNAL: file.cc(12) [x > 0] reason`.
    func failure(_ message: String) -> UserError {
        if let numbers = message.firstMatch(of: /smaller than required_chars\. \d+ vs (\d+)/) {
            return UserError(
                "a vocabulary of \(vocabularySize) pieces is too small: the special pieces and the "
                    + "characters of the text take \(numbers.1)",
                hint: "give at least that many, or a lower character coverage", status: .configuration)
        }
        let reason = message.range(of: "] ", options: .backwards).map { message[$0.upperBound...] } ?? ""
        return UserError(
            "the tokenizer cannot be trained: \(reason.isEmpty ? message[...] : reason)",
            hint: "change the vocabulary size (now \(vocabularySize)) or give more text")
    }
}
