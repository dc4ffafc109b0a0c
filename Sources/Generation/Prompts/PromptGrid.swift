import Foundation
import Support
import Tokenization

/// Prompts from templates whose slots take all combinations of values, or a sample of them without repetition.
///
///     let grid = try PromptGrid(
///         templates: [PromptTemplate("Explain {topic} to {persona}.")],
///         slots: [
///             PromptGrid.Slot("topic", ["yeast", "tides"]),
///             PromptGrid.Slot("persona", ["a child", "a chemist"], weights: [3, 1]),
///         ])
///     let prompts = try grid.prompts(count: 3, seed: 1)
public struct PromptGrid: Sendable {
    /// The values of a slot.
    public struct Slot: Equatable, Sendable {
        /// The name in templates.
        public let name: String
        /// The values.
        public let values: [String]
        /// The relative frequency of each value; nil where all are alike.
        public let weights: [Double]?

        /// - Precondition: there are values, and as many positive weights as values, if any
        public init(_ name: String, _ values: [String], weights: [Double]? = nil) {
            precondition(!values.isEmpty, "the slot \(name) has no value")
            precondition(
                weights.map { $0.count == values.count && $0.allSatisfy { $0 > 0 && $0.isFinite } } ?? true,
                "weights of the slot \(name)")
            self.name = name
            self.values = values
            self.weights = weights
        }
    }

    /// The most combinations that are made at once; of larger grids a sample is drawn.
    public static let mostCombinations = 4_000_000

    private let templates: [PromptTemplate]
    /// Of each template, in the order in which they appear.
    private let slots: [[Slot]]
    private let system: PromptTemplate?

    /// - Parameters:
    ///   - templates: of the user's turn
    ///   - system: of a system turn; its slots belong to the combinations
    ///   - slots: the values of each slot
    /// - Throws: `UserError` for a slot without values, values without a slot, and a slot that is given twice
    public init(templates: [PromptTemplate], system: PromptTemplate? = nil, slots: [Slot]) throws {
        var known: [String: Slot] = [:]
        for slot in slots where known.updateValue(slot, forKey: slot.name) != nil {
            throw UserError("the slot \(slot.name) is given twice", status: .configuration)
        }
        self.templates = templates
        self.system = system
        self.slots = try templates.map { template in
            let names = template.slots + (system?.slots.filter { !template.slots.contains($0) } ?? [])
            return try names.map { name in
                guard let slot = known[name] else {
                    throw UserError(
                        "the template \(template.source.debugDescription) has a slot without values: \(name)",
                        hint: "give its values under slots, or write a brace twice", status: .configuration)
                }
                return slot
            }
        }
        let used = Set(self.slots.joined().map(\.name))
        if let unused = slots.first(where: { !used.contains($0.name) }) {
            throw UserError(
                "no template has the slot \(unused.name)", hint: "write {\(unused.name)} where it belongs",
                status: .configuration)
        }
    }

    /// The number of combinations; nil if it is greater than an Int can hold.
    public var size: Int? {
        var sum = 0
        for slots in slots {
            var product = 1
            for slot in slots {
                let (value, isTooLarge) = product.multipliedReportingOverflow(by: slot.values.count)
                guard !isTooLarge else { return nil }
                product = value
            }
            let (value, isTooLarge) = sum.addingReportingOverflow(product)
            guard !isTooLarge else { return nil }
            sum = value
        }
        return sum
    }

    /// A template and the index of each slot's value.
    private struct Cell: Hashable {
        let template: Int
        let values: [Int]
    }

    /// The prompts.
    ///
    /// - Parameters:
    ///   - count: draw so many different combinations, each in proportion to the product of its weights (without replacement), in
    ///     random order; nil for all combinations, in order
    ///   - seed: of the sample
    /// - Throws: `UserError` if there are fewer combinations than `count`, or with no count too many to be made
    public func prompts(count: Int?, seed: UInt64) throws -> [PromptRecord] {
        guard let count else {
            guard let size, size <= Self.mostCombinations else {
                throw UserError(
                    "\(size.map(String.init) ?? "more than 2^63") combinations of slots, more than \(Self.mostCombinations)",
                    hint: "give count, to draw a sample of them", status: .configuration)
            }
            return allCells.map(prompt)
        }
        if let size, count > size {
            throw UserError(
                "\(count) prompts of a grid that has \(size) combinations",
                hint: "give at most count: \(size), or more values", status: .configuration)
        }
        let isSmall = size.map { $0 <= Self.mostCombinations } ?? false
        return try (isSmall ? sample(count, seed) : rejectionSample(count, seed)).map(prompt)
    }

    private var allCells: [Cell] {
        slots.enumerated().flatMap { template, slots in
            slots.reduce([[]]) { cells, slot in
                cells.flatMap { cell in slot.values.indices.map { cell + [$0] } }
            }.map { Cell(template: template, values: $0) }
        }
    }

    /// Successive weighted sampling without replacement: the cells with the greatest ln(u) / weight (Efraimidis & Spirakis 2006).
    private func sample(_ count: Int, _ seed: UInt64) -> [Cell] {
        var stream = RandomStream(seed: seed, purpose: "prompt grid")
        let keyed = allCells.map { cell in
            (key: log(stream.nextPositiveUniform()) / weight(of: cell), cell: cell)
        }
        return keyed.sorted { $0.key > $1.key }.prefix(count).map(\.cell)
    }

    private func weight(of cell: Cell) -> Double {
        zip(slots[cell.template], cell.values).reduce(1) { $0 * ($1.0.weights?[$1.1] ?? 1) }
    }

    /// The same distribution for grids that are too large to be written down: draws that were made before are drawn again.
    private func rejectionSample(_ count: Int, _ seed: UInt64) throws -> [Cell] {
        var stream = RandomStream(seed: seed, purpose: "prompt grid")
        // A template is drawn in proportion to the weight of its cells.
        let totals = slots.map { $0.reduce(1) { $0 * ($1.weights ?? $1.values.map { _ in 1 }).reduce(0, +) } }
        var (cells, seen) = ([Cell](), Set<Cell>())
        for _ in 0..<(100 * count) where cells.count < count {
            let template = Self.draw(totals, &stream)
            let values = slots[template].map { slot in
                slot.weights.map { Self.draw($0, &stream) } ?? stream.nextIndex(below: slot.values.count)
            }
            let cell = Cell(template: template, values: values)
            if seen.insert(cell).inserted { cells.append(cell) }
        }
        guard cells.count == count else {
            throw UserError(
                "\(100 * count) draws gave \(cells.count) different combinations, not \(count)",
                hint: "lower count, or make the weights more alike", status: .configuration)
        }
        return cells
    }

    private static func draw(_ weights: [Double], _ stream: inout RandomStream) -> Int {
        var rest = stream.nextPositiveUniform() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() {
            rest -= weight
            if rest < 0 { return index }
        }
        return weights.count - 1
    }

    private func prompt(_ cell: Cell) -> PromptRecord {
        let slots = slots[cell.template]
        let chosen = zip(slots, cell.values).map { ($0.name, $0.values[$1]) }
        let values = Dictionary(uniqueKeysWithValues: chosen)
        let text = templates[cell.template].filled(values)
        var messages = [Message(role: .user, content: text)]
        if let system { messages.insert(Message(role: .system, content: system.filled(values)), at: 0) }
        // The same values in another template ask for the same.
        let origin = chosen.sorted { $0.0 < $1.0 }.map { "\($0.0)=\($0.1)" }.joined(separator: "; ")
        return PromptRecord(
            messages, kind: "grid", origin: origin.isEmpty ? text : origin,
            details: [
                OrderedJSON.Member("template", .integer(cell.template)),
                OrderedJSON.Member(
                    "slots", .object(chosen.map { OrderedJSON.Member($0.0, .string($0.1)) })),
            ])
    }
}
