/// The normalization forms of Unicode (UAX 15), as the `tokenizers` library has them.
///
/// The version is Unicode 9, that of the crate it uses: a scalar assigned later neither decomposes nor combines.
enum NormalForm: Sendable {
    case c, d, kc, kd

    private var isComposing: Bool { self == .c || self == .kc }
    private var tables: NormalFormTables { self == .c || self == .d ? .canonical : .compatible }

    /// The form of a text in UTF-8.
    func applied(to text: [UInt8]) -> [UInt8] {
        text.withUnsafeBufferPointer { isStable($0) ? text : rewritten($0) }
    }

    /// Whether a text surely is in this form. In form C nearly all texts are.
    func isStable(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let start = text.baseAddress else { return true }
        // Characters before U+0300 (CC 80) stay as they are in form C, ASCII in all. So large a byte begins a character.
        let limit: UInt8 = self == .c ? 0xCC : 0x80
        guard let first = text.firstIndex(where: { $0 >= limit }) else { return true }
        var index = first
        let tables = tables
        while index < text.count {
            let (scalar, length) = UnsafeScalarClasses.scalar(start, index)
            if scalar >= 0x80, !(isComposing ? tables.isInert(scalar) : tables.isUndecomposed(scalar)) {
                return false
            }
            index += length
        }
        return true
    }

    private func rewritten(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        let tables = tables
        var scalars: [(value: UInt32, order: UInt8)] = []
        scalars.reserveCapacity(text.count)
        guard let start = text.baseAddress else { return [] }
        var index = 0
        while index < text.count {
            let (scalar, length) = UnsafeScalarClasses.scalar(start, index)
            tables.decompose(scalar) { scalars.append(($0, tables.order(of: $0))) }
            index += length
        }
        Self.sortMarks(&scalars)
        if isComposing { compose(&scalars, tables) }
        var output: [UInt8] = []
        output.reserveCapacity(text.count + 8)
        for (value, _) in scalars {
            guard let scalar = Unicode.Scalar(value) else { continue }
            output += UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter
        }
        return output
    }

    /// Marks that follow each other come in the order of their classes.
    private static func sortMarks(_ scalars: inout [(value: UInt32, order: UInt8)]) {
        var start = 0
        while start < scalars.count {
            guard scalars[start].order > 0 else {
                start += 1
                continue
            }
            var end = start + 1
            while end < scalars.count, scalars[end].order > 0 { end += 1 }
            let isSorted = (start + 1..<end).allSatisfy { scalars[$0 - 1].order <= scalars[$0].order }
            if !isSorted {
                let sorted = scalars[start..<end].enumerated()
                    .sorted { ($0.element.order, $0.offset) < ($1.element.order, $1.offset) }.map(\.element)
                scalars.replaceSubrange(start..<end, with: sorted)
            }
            start = end
        }
    }

    /// Each character is put together with the last starter, unless one between them keeps them apart.
    private func compose(_ scalars: inout [(value: UInt32, order: UInt8)], _ tables: NormalFormTables) {
        var (count, starter, lastOrder) = (0, -1, UInt8(0))
        for (value, order) in scalars {
            if starter >= 0, starter == count - 1 || lastOrder < order,
                let composed = tables.composition(of: scalars[starter].value, value)
            {
                scalars[starter].value = composed
                continue
            }
            if order == 0 { starter = count }
            lastOrder = order
            scalars[count] = (value, order)
            count += 1
        }
        scalars.removeLast(scalars.count - count)
    }
}
