import Foundation
import Support

/// A way of dividing text into words by the name that GGUF files have for it (`tokenizer.ggml.pre`).
///
/// Names and patterns are those of llama.cpp (`llama-vocab.cpp`, 2026), the patterns in the form that the models'
/// `tokenizer.json` files have. llama.cpp normalizes no text; the Qwen family's models are used with form C, as transformers
/// does.
public struct NamedPreTokenizer: Equatable, Sendable {
    /// The name that a file gives.
    public let name: String
    private let family: Family

    private enum Family: String, CaseIterable {
        case gpt2, digits, llama3, words3, glm4, qwen2, qwen35, tekken, gpt4o
        case deepSeekCoder, deepSeekV3, falcon, seedCoder
        case bloom, viking, miniCPM, jais2, bailing, ufakZeka, laguna
    }

    /// The names of each family. The first is the one that is written.
    private static let names: [(Family, [String])] = [
        (
            .llama3,
            [
                "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2",
                "jina-v5-nano",
            ]
        ),
        (
            .qwen2,
            [
                "qwen2", "deepseek-r1-qwen", "kormo", "megrez", "stablelm2", "hunyuan", "solar-open",
                "grok-2",
                "f2llmv2",
            ]
        ),
        (
            .gpt2,
            [
                "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion", "granite-docling", "gigachat", "a.x-4.0",
                "mellum",
                "modern-bert", "exaone4",
            ]
        ),
        (
            .digits,
            ["smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b", "mellum2"]
        ),
        (.words3, ["dbrx", "smaug-bpe", "chatglm-bpe"]), (.glm4, ["glm4", "glm5"]),
        (.qwen35, ["qwen35"]), (.tekken, ["tekken"]),
        (.gpt4o, ["gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie"]),
        (.deepSeekCoder, ["deepseek-coder"]),
        (.deepSeekV3, ["deepseek-v3", "joyai-llm", "hunyuan-dense", "hy_v4"]),
        (.falcon, ["falcon"]), (.seedCoder, ["seed-coder"]),
        (.bloom, ["bloom", "poro-chat", "gpt3-finnish"]), (.viking, ["viking"]), (.miniCPM, ["minicpm5"]),
        (.jais2, ["jais-2"]), (.bailing, ["bailingmoe", "bailingmoe2", "llada-moe"]),
        (.ufakZeka, ["ufakzeka"]),
        (.laguna, ["laguna"]),
    ]

    /// All names, in alphabetical order.
    public static let allNames: [String] = names.flatMap(\.1).sorted()

    /// - Returns: nil for a name that is not known.
    public init?(_ name: String) {
        guard let family = Self.names.first(where: { $0.1.contains(name) })?.0 else { return nil }
        (self.name, self.family) = (name, family)
    }

    /// The way whose only pattern this is.
    init?(expression: String) {
        let found = Self.names.first { Self(name: $0.1[0], family: $0.0).expressions == [expression] }
        guard let (family, names) = found else { return nil }
        self.init(name: names[0], family: family)
    }

    /// The names that are written, for messages.
    static var patternNames: String { names.map(\.1[0]).joined(separator: ", ") }

    /// The first name for how a vocabulary divides text; nil if there is none.
    init?(of engine: BytePairEngine) {
        guard engine.byteLevel == .atEnd, [[], [.nfc]].contains(engine.normalizer.steps) else { return nil }
        for (family, names) in Self.names {
            let named = Self(name: names[0], family: family)
            guard named.ignoresMerges == engine.model.ignoresMerges, let stages = named.preTokenizer,
                stages == engine.preTokenizer
            else { continue }
            self = named
            return
        }
        return nil
    }

    private init(name: String, family: Family) { (self.name, self.family) = (name, family) }

    /// Whether a word that is a piece becomes it whatever the merges lead to.
    public var ignoresMerges: Bool { [.llama3, .tekken, .glm4, .miniCPM].contains(family) }

    /// Whether texts begin with the begin token where a file does not say.
    public var addsBegin: Bool { family == .llama3 || family == .tekken }

    /// The type of the normalizer in a `tokenizer.json`.
    var normalizer: String? { family == .qwen2 && name != "stablelm2" || family == .qwen35 ? "NFC" : nil }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    var json: String {
        func byteLevel(_ usesRegex: Bool) -> String {
            #"{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":\#(usesRegex)}"#
        }
        func sequence(_ stages: [String]) -> String {
            #"{"type":"Sequence","pretokenizers":[\#(stages.joined(separator: ","))]}"#
        }
        let digits = #"{"type":"Digits","individual_digits":true}"#
        switch family {
        case .gpt2: return byteLevel(true)
        case .digits: return sequence([digits, byteLevel(true)])
        case .deepSeekCoder, .viking:
            return sequence(expressions.map(Self.split) + [digits, byteLevel(false)])
        default: return sequence(expressions.map(Self.split) + [byteLevel(false)])
        }
    }

    private static func split(_ expression: String) -> String {
        var pattern = JSONText()
        pattern.string(expression)
        return #"{"type":"Split","pattern":{"Regex":\#(pattern.text)},"behavior":"Isolated","invert":false}"#
    }

    private var expressions: [String] {
        switch family {
        case .gpt2, .digits: []
        case .llama3, .words3, .glm4: [KnownPattern.words(.init(digits: 3)).expression]
        case .qwen2: [KnownPattern.words(.init(digits: 1)).expression]
        case .qwen35: [KnownPattern.words(.init(letters: [.letter, .mark], digits: 1)).expression]
        case .tekken: [KnownPattern.cased(.init(contractions: false, digits: 1)).expression]
        case .gpt4o: [KnownPattern.cased(.init(contractions: true, digits: 3)).expression]
        case .deepSeekCoder:
            [
                PublishedPattern.lineBreaks, PublishedPattern.deepSeekCoderLetters,
                PublishedPattern.deepSeekCoderSigns,
                PublishedPattern.deepSeekCJK,
            ]
        case .deepSeekV3:
            [
                PublishedPattern.deepSeekV3Numbers, PublishedPattern.deepSeekV3CJK,
                PublishedPattern.deepSeekV3Words,
            ]
        case .falcon:
            [PublishedPattern.falconSigns, KnownPattern.gpt2.expression, PublishedPattern.falconNumbers]
        case .seedCoder: [PublishedPattern.seedCoder]
        case .bloom, .viking: [PublishedPattern.bloom]
        case .miniCPM: [PublishedPattern.deepSeekV3Numbers, PublishedPattern.miniCPM]
        case .jais2: [PublishedPattern.jais2]
        case .bailing: [PublishedPattern.bailing]
        case .ufakZeka: [PublishedPattern.ufakZeka]
        case .laguna: [PublishedPattern.lines, KnownPattern.words(.init(digits: 1)).expression]
        }
    }

    /// The stages that a reader makes of `json`.
    private var preTokenizer: PreTokenizer? {
        var parser = JSONParser(Data(json.utf8), fileName: name)
        var reader = PreTokenizerReader(FieldReader(name: name))
        guard let value = try? parser.document(), (try? reader.read(value, "pre_tokenizer")) != nil else {
            return nil
        }
        return reader.preTokenizer
    }
}
