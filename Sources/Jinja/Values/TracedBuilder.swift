/// Puts text together and merges neighbours of equal mark.
struct TracedBuilder {
    private(set) var bytes: [UInt8] = []
    private(set) var runs: [MarkedRun] = []
    private var isASCII = true

    mutating func reserve(_ count: Int) { bytes.reserveCapacity(count) }

    /// Text of the template.
    mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        extend(.template)
    }

    mutating func append(_ text: String, _ mark: TextMark) {
        let before = bytes.count
        bytes.append(contentsOf: text.utf8)
        if isASCII { isASCII = bytes[before...].allSatisfy { $0 < 0x80 } }
        extend(mark)
    }

    mutating func append(_ scalar: Unicode.Scalar, _ mark: TextMark) {
        if scalar.isASCII {
            bytes.append(UInt8(scalar.value))
        } else {
            bytes.append(contentsOf: UTF8.encode(scalar)!)
            isASCII = false
        }
        extend(mark)
    }

    mutating func append(_ text: TracedString) {
        guard !text.bytes.isEmpty else { return }
        let start = bytes.count
        bytes.append(contentsOf: text.bytes)
        isASCII = isASCII && text.isASCII
        if text.runs.isEmpty { return extend(text.mark) }
        for run in text.runs { extend(run.mark, to: start + run.end) }
    }

    mutating func append(_ text: TracedString, _ range: Range<Int>) {
        let start = bytes.count - range.lowerBound
        bytes.append(contentsOf: text.bytes[range])
        if isASCII, !text.isASCII { isASCII = text.bytes[range].allSatisfy { $0 < 0x80 } }
        text.forEachRun(in: range) { part, mark in extend(mark, to: start + part.upperBound) }
    }

    /// `count` times `text`.
    mutating func append(_ text: TracedString, times count: Int) {
        guard count > 0, !text.isEmpty else { return }
        if text.runs.isEmpty, text.bytes.count == 1 {
            bytes.append(contentsOf: repeatElement(text.bytes[0], count: count))
            extend(text.mark)
        } else {
            for _ in 0..<count { append(text) }
        }
    }

    private mutating func extend(_ mark: TextMark) { extend(mark, to: bytes.count) }

    private mutating func extend(_ mark: TextMark, to end: Int) {
        if let last = runs.indices.last {
            if runs[last].end == end { return }
            if runs[last].mark == mark {
                runs[last].end = end
                return
            }
        } else if end == 0 {
            return
        }
        runs.append(MarkedRun(end: end, mark: mark))
    }

    func finish(markup: Bool = false) -> TracedString {
        TracedString(
            bytes: bytes, runs: runs.count > 1 ? runs : [], mark: runs.first?.mark ?? .template,
            isMarkup: markup,
            isASCII: isASCII)
    }
}

extension TracedString {
    /// The text with all characters counted to a `generation` block.
    func generated(_ number: Int32) -> TracedString {
        let marked = runs.map {
            MarkedRun(end: $0.end, mark: TextMark(origin: $0.mark.origin, generation: number))
        }
        return TracedString(
            bytes: bytes, runs: marked, mark: TextMark(origin: mark.origin, generation: number),
            isMarkup: isMarkup,
            isASCII: isASCII)
    }

    static func + (left: TracedString, right: TracedString) -> TracedString {
        if left.isEmpty { return right.markup(left.isMarkup) }
        if right.isEmpty { return left }
        var builder = TracedBuilder()
        builder.reserve(left.bytes.count + right.bytes.count)
        builder.append(left)
        builder.append(right)
        return builder.finish(markup: left.isMarkup)
    }
}
