import Foundation
import Tensors

/// How rotary frequencies are changed for contexts longer than those of pretraining.
public enum RopeScaling: Encodable, Equatable, Sendable {
    /// All frequencies divided by a factor (Chen et al. 2023, arXiv 2306.15595).
    case linear(factor: Double)
    /// Low frequencies divided by `factor`, high ones kept, those between blended (Llama 3.1, arXiv 2407.21783).
    /// A frequency is low where fewer than `lowFactor` of its waves fit `originalContext`, high where more than
    /// `highFactor` do.
    case llama3(factor: Double, lowFactor: Double, highFactor: Double, originalContext: Int)
    /// Each frequency divided by a factor of its own (Ding et al. 2024, arXiv 2402.13753): one of `short` for sequences
    /// within `originalContext`, one of `long` beyond. Turned components are multiplied by `attentionFactor`.
    case longrope(short: [Double], long: [Double], originalContext: Int, attentionFactor: Double)

    /// High frequencies kept, low ones divided by a factor, turned components scaled.
    case yarn(YaRNScaling)

    /// Where sequences begin to count as long; nil where length makes no difference.
    var shortContext: Int? {
        if case .longrope(_, _, let originalContext, _) = self { originalContext } else { nil }
    }

    /// What is wrong with the scaling; empty when it is valid.
    func problems(dimension: Int, theta: Double) -> [String] {
        func positive(_ name: String, _ value: Double) -> [String] {
            value > 0 && value.isFinite ? [] : ["the rotary \(name) \(value) is not positive"]
        }
        switch self {
        case .linear(let factor): return positive("factor", factor)
        case .llama3(let factor, let low, let high, let context):
            return positive("factor", factor) + positive("low frequency factor", low)
                + positive("high frequency factor", high - low) + positive("context", Double(context))
        case .longrope(let short, let long, let context, let attention):
            let counts = [short.count, long.count].filter { $0 != dimension / 2 }
            let lengths = counts.map { "\($0) rotary factors for \(dimension / 2) pairs of components" }
            return lengths + (short + long).flatMap { positive("factor", $0) }.prefix(1)
                + positive("context", Double(context)) + positive("attention factor", attention)
        case .yarn(let yarn): return yarn.problems(theta: theta)
        }
    }

    /// Changes frequencies, in Float32 as the reference implementations compute them.
    ///
    /// - Parameter theta: the base of the frequencies
    func scaled(_ frequencies: [Float], theta: Double, isLong: Bool) -> [Float] {
        switch self {
        case .yarn(let yarn): yarn.scaled(frequencies, theta: theta)
        case .linear(let factor): frequencies.map { $0 / Float(factor) }
        case .longrope(let short, let long, _, _):
            zip(frequencies, isLong ? long : short).map { $0 / Float($1) }
        case .llama3(let factor, let low, let high, let context):
            frequencies.map { frequency in
                let waves = Float(context) * frequency / (2 * .pi)
                if waves < Float(low) { return frequency / Float(factor) }
                if waves > Float(high) { return frequency }
                let blend = (waves - Float(low)) / Float(high - low)
                return (1 - blend) * frequency / Float(factor) + blend * frequency
            }
        }
    }

    /// What a plain frequency is divided by, for each pair of components.
    public func divisors(dimension: Int, theta: Double, isLong: Bool) -> [Float] {
        let plain = RotaryTable.frequencies(dimension: dimension, theta: theta)
        return zip(plain, scaled(plain, theta: theta, isLong: isLong)).map { $0 / $1 }
    }

    var amplitude: Float {
        switch self {
        case .longrope(_, _, _, let attentionFactor): Float(attentionFactor)
        case .yarn(let yarn): Float(yarn.attentionFactor)
        case .linear, .llama3: 1
        }
    }
}

/// The rotary tables of a model's layers.
struct RotaryTables {
    private let short: RotaryTable
    private let long: RotaryTable
    private let windowed: RotaryTable
    private let windowedLayers: Set<Int>
    private let shortContext: Int?
    private let layersWithout: Set<Int>

    init(_ configuration: Configuration) {
        let (context, dimension) = (configuration.contextLength, configuration.turnedComponents)
        let scaling = configuration.ropeScaling
        func table(theta: Double, _ scaling: RopeScaling?, isLong: Bool) -> RotaryTable {
            let plain = RotaryTable.frequencies(dimension: dimension, theta: theta)
            return RotaryTable(
                positions: context,
                frequencies: scaling?.scaled(plain, theta: theta, isLong: isLong) ?? plain,
                amplitude: scaling?.amplitude ?? 1)
        }
        short = table(theta: configuration.ropeTheta, scaling, isLong: false)
        shortContext = scaling?.shortContext
        long = shortContext == nil ? short : table(theta: configuration.ropeTheta, scaling, isLong: true)
        let ownTheta = configuration.slidingWindow?.ropeTheta
        windowed = ownTheta.map { table(theta: $0, nil, isLong: false) } ?? short
        layersWithout = Set(configuration.layersWithoutRope ?? [])
        windowedLayers = ownTheta == nil ? [] : Set(configuration.slidingWindow?.layers ?? [])
    }

    /// The table of a layer; nil for a layer that turns nothing.
    /// - Parameter context: positions of the longest sequence, or that a cache can hold
    func table(layer: Int, context: Int) -> RotaryTable? {
        if layersWithout.contains(layer) { return nil }
        if windowedLayers.contains(layer) { return windowed }
        guard let shortContext else { return short }
        return context > shortContext ? long : short
    }
}
