/// Split expressions of published vocabularies that have no scanner of their own.
enum PublishedPattern {
    /// DeepSeek LLM and Coder.
    static let lineBreaks = "[\r\n]"
    static let lineBreaksEscaped = #"[\r\n]"#
    static let deepSeekCoderLetters = #"\s?\p{L}+"#
    static let deepSeekCoderSigns = #"\s?\p{P}+"#
    static let deepSeekCJK = "[一-龥ࠀ-一가-퟿]+"
    /// DeepSeek V3.
    static let deepSeekV3Numbers = #"\p{N}{1,3}"#
    static let deepSeekV3CJK = "[一-龥぀-ゟ゠-ヿ]+"
    static let deepSeekV3Words =
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"##

    /// Falcon.
    static let falconSigns = #"[\p{P}\$\+<=>\^~\|`]+"#
    static let falconNumbers = "[0-9][0-9][0-9]"
    /// Seed Coder.
    static let seedCoder =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"#

    /// Bloom, Poro, GPT-3 Finnish, Viking: words end at punctuation of several scripts.
    static let bloom = #" ?[^(\s|.,!?…。，、।۔،)]+"#
    /// MiniCPM 5, behind groups of three digits: words in which numbers stay whole.
    static let miniCPM =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// Jais 2: blanks in runs of powers of two.
    static let jais2 =
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"#
        + ["512", "256", "128", "64", "32", "16", "8", "4", "1,2"].map { #"|\s{"# + $0 + #"}(?!\S)"# }
        .joined()
        + #"|\s{1}"#
    /// Ling and LLaDA: one line break at a time.
    static let bailing =
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"#
    /// Qwen's without contractions.
    static let ufakZeka =
        #"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    /// Laguna: lines first.
    static let lines = #"[^\n]+|[\n]+"#

    /// Expressions whose matches never reach from an ASCII letter or digit over the space behind it.
    static let dividable: Set<String> = [
        lineBreaks, lineBreaksEscaped, deepSeekCoderLetters, deepSeekCoderSigns, deepSeekCJK,
        deepSeekV3Numbers,
        deepSeekV3CJK, deepSeekV3Words, falconSigns, falconNumbers, seedCoder, bloom, miniCPM, bailing,
        ufakZeka,
        lines,
    ]
    /// Those that always divide there.
    static let splitting: Set<String> = [
        deepSeekCoderLetters, deepSeekV3Words, bloom, miniCPM, bailing, ufakZeka, "WhitespaceSplit",
        "Whitespace",
    ]
    /// Pre-tokenizers that divide at characters of a class, whatever is around them.
    static let dividablePreTokenizers: Set<String> = [
        "Digits", "Punctuation", "WhitespaceSplit", "Whitespace",
    ]
}
