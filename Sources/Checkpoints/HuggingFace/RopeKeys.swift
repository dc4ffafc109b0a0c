import Foundation
import Support
import Transformer

/// The rotary keys of `config.json`: `rope_parameters` (transformers 5), or `rope_theta` and `rope_scaling` (before).
struct RopeKeys {
    var theta: Double
    var scaling: RopeScaling?
    /// The base of layers with a sliding window, where the family gives them their own.
    var windowedTheta: Double?
    /// The fraction of a head's components that are turned.
    private var partialFactor = 1.0
    /// The key that gives the fraction, for messages.
    private var partialKey: String?
    /// The family's own names of scalings.
    private let aliases: [String: String]

    init(_ keys: inout KeyReader, _ shape: Configuration, _ family: HuggingFaceFamily) {
        theta = keys.number("rope_theta", default: family.defaults.ropeTheta)
        aliases = family.ropeTypeAliases
        partialFactor = family.defaults.partialRotaryFactor
        readPartialFactor(&keys, at: "partial_rotary_factor", in: keys)
        if let standard = family.windowedRopeTheta {
            windowedTheta = keys.number("rope_local_base_freq", default: standard)
        }
        for key in ["rope_parameters", "rope_scaling"] {
            guard let value = keys[key] else { continue }
            guard case .object(let object) = value else {
                keys.reject(key, "an object is expected")
                continue
            }
            if family.windowedRopeTheta != nil, key == "rope_parameters" {
                read(layerKinds: object, &keys, shape)
            } else {
                read(object, at: key, &keys, shape)
            }
        }
        // transformers passes over the fraction in families that do not have it.
        if let partialKey, partialFactor != 1, !shape.family.choices.contains(.partialRotary) {
            keys.reject(
                partialKey,
                "only a partial_rotary_factor of 1 is supported in \(shape.family.name) models")
        }
    }

    /// Components of a head that are turned; nil for all.
    func rotaryDimension(of headDimension: Int) -> Int? {
        let turned = (Double(headDimension) * partialFactor).rounded(.towardZero)
        return partialFactor == 1 ? nil : Int(exactly: turned) ?? 0
    }

    /// Notes the fraction that `object` gives; two places must not contradict each other.
    private mutating func readPartialFactor(
        _ keys: inout KeyReader, at key: String, in object: KeyReader
    ) {
        let factor: Double
        switch object["partial_rotary_factor"] {
        case nil: return
        case .integer(let value): factor = Double(value)
        case .number(let value): factor = value
        default: factor = .nan
        }
        if !(factor > 0 && factor <= 1) {
            keys.reject(key, "a partial_rotary_factor above 0 and up to 1 is expected")
        } else if partialKey != nil, factor != partialFactor {
            keys.reject(key, "its partial_rotary_factor differs from the \(partialFactor) beside it")
        }
        (partialFactor, partialKey) = (factor, key)
    }

    /// `rope_parameters` where layers with a window have a base of their own: one object for each kind of layer.
    private mutating func read(
        layerKinds object: [String: JSONValue], _ keys: inout KeyReader, _ shape: Configuration
    ) {
        let unknown = object.keys.filter { !["full_attention", "sliding_attention"].contains($0) }.sorted()
        if !unknown.isEmpty {
            keys.reject("rope_parameters", "\(unknown.joined(separator: ", ")) is not supported")
        }
        if case .object(let full)? = object["full_attention"] {
            read(full, at: "rope_parameters", &keys, shape)
        }
        if case .object(let sliding)? = object["sliding_attention"] {
            var inner = KeyReader(sliding)
            inner.demand("rope_type", .string("default"))
            windowedTheta = inner.number("rope_theta", default: windowedTheta ?? 10_000)
            if !inner.problems.isEmpty {
                keys.reject("rope_parameters", inner.problems.joined(separator: "; "))
            }
        }
    }

    /// One object that describes a scaling.
    private mutating func read(
        _ object: [String: JSONValue], at key: String, _ keys: inout KeyReader, _ shape: Configuration
    ) {
        var inner = KeyReader(object)
        readPartialFactor(&keys, at: key, in: inner)
        let given = inner.number("rope_theta", default: theta)
        let (scaling, own) = scaling(&inner, &keys, shape)
        let known = own.union(["rope_type", "type", "partial_rotary_factor", "rope_theta"])
        let unknown = object.keys.filter { !known.contains($0) }.sorted()
        if !inner.problems.isEmpty {
            keys.reject(key, inner.problems.joined(separator: "; "))
        } else if !unknown.isEmpty {
            keys.reject(key, "\(unknown.joined(separator: ", ")) is not supported")
        } else if keys["rope_theta"] != nil, given != theta {
            keys.reject(key, "its rope_theta differs from the \(theta) beside it")
        }
        theta = given
        self.scaling = scaling
    }

    /// The scaling that `inner` describes, and the keys it takes.
    private func scaling(
        _ inner: inout KeyReader, _ keys: inout KeyReader, _ shape: Configuration
    ) -> (RopeScaling?, Set<String>) {
        let name: String
        switch inner["rope_type"] ?? inner["type"] {
        case nil: name = "default"
        case .string(let text)?: name = text
        case let value?: name = value.text
        }
        switch aliases[name] ?? name {
        case "default": return (nil, [])
        case "linear": return (.linear(factor: inner.number("factor", default: .nan)), ["factor"])
        case "llama3":
            let scaling = RopeScaling.llama3(
                factor: inner.number("factor", default: .nan),
                lowFactor: inner.number("low_freq_factor", default: .nan),
                highFactor: inner.number("high_freq_factor", default: .nan),
                originalContext: inner.integer("original_max_position_embeddings"))
            return (
                scaling,
                ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]
            )
        case "longrope", "su": return Self.longrope(&inner, &keys, shape)
        case "yarn": return Self.yarn(&inner, &keys, shape)
        default:
            inner.reject(
                inner["rope_type"] == nil ? "type" : "rope_type",
                "only default, linear, llama3, longrope and yarn are supported")
            return (nil, [])
        }
    }

    private static func longrope(
        _ inner: inout KeyReader, _ keys: inout KeyReader, _ shape: Configuration
    ) -> (RopeScaling?, Set<String>) {
        let outer = keys.integer("original_max_position_embeddings", default: shape.contextLength)
        let original = inner.integer("original_max_position_embeddings", default: outer)
        let factor = inner.number("factor", default: Double(shape.contextLength) / Double(max(original, 1)))
        // The paper's choice.
        let standard = factor <= 1 ? 1 : (1 + log(factor) / log(Double(max(original, 2)))).squareRoot()
        let scaling = RopeScaling.longrope(
            short: inner.numbers("short_factor"), long: inner.numbers("long_factor"),
            originalContext: original,
            attentionFactor: inner.number("attention_factor", default: standard))
        return (
            scaling,
            ["short_factor", "long_factor", "factor", "attention_factor", "original_max_position_embeddings"]
        )
    }
}

extension RopeKeys {
    /// The fraction of which readers, who round down, make the number of turned components.
    private static func partialFactor(of shape: Configuration) -> Double {
        let factor = Double(shape.turnedComponents) / Double(shape.headDimension)
        return Int(Double(shape.headDimension) * factor) == shape.turnedComponents ? factor : factor.nextUp
    }

    /// Both spellings: readers before transformers 5 know only the second.
    static func json(of shape: Configuration, _ family: HuggingFaceFamily) -> [String: JSONValue] {
        var full: [String: JSONValue] = ["rope_type": .string("default")]
        var keys: [String: JSONValue] = ["rope_theta": .number(shape.ropeTheta)]
        switch shape.ropeScaling {
        case nil: break
        case .linear(let factor): full = ["rope_type": .string("linear"), "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let original):
            full = [
                "rope_type": .string("llama3"), "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high), "original_max_position_embeddings": .integer(original),
            ]
        case .longrope(let short, let long, let original, let attention):
            full = [
                "rope_type": .string("longrope"), "short_factor": .array(short.map { .number($0) }),
                "long_factor": .array(long.map { .number($0) }), "attention_factor": .number(attention),
                "original_max_position_embeddings": .integer(original),
            ]
            keys["original_max_position_embeddings"] = .integer(original)
        case .yarn(let yarn): full = Self.json(of: yarn)
        }
        if shape.ropeScaling != nil { keys["rope_scaling"] = .object(full) }
        if shape.turnedComponents != shape.headDimension || family.defaults.partialRotaryFactor != 1 {
            let factor = JSONValue.number(partialFactor(of: shape))
            (keys["partial_rotary_factor"], full["partial_rotary_factor"]) = (factor, factor)
        }
        full["rope_theta"] = .number(shape.ropeTheta)
        guard family.windowedRopeTheta != nil else {
            keys["rope_parameters"] = .object(full)
            return keys
        }
        let local = JSONValue.number(shape.slidingWindow?.ropeTheta ?? shape.ropeTheta)
        keys["rope_local_base_freq"] = local
        keys["rope_parameters"] = .object([
            "full_attention": .object(full),
            "sliding_attention": .object(["rope_type": .string("default"), "rope_theta": local]),
        ])
        return keys
    }
}
