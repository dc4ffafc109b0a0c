/// Text of which every character knows who wrote it.
///
/// As in Python, a string is a sequence of code points. It is kept as UTF-8, so positions in ASCII text are found at once and
/// others by counting.
public struct TracedString: Sendable {
    let bytes: [UInt8]
    /// Empty if all characters have `mark`; else in order, each with another mark than the one before, up to the last byte.
    let runs: [MarkedRun]
    let mark: TextMark
    /// Whether HTML was escaped in it: Python's `markupsafe.Markup`.
    let isMarkup: Bool
    let isASCII: Bool

    /// Text of one author.
    public init(_ text: String, origin: Origin) {
        self.init(bytes: Array(text.utf8), mark: TextMark(origin: origin.number))
    }

    /// Text that the template wrote.
    init(_ text: String) { self.init(bytes: Array(text.utf8), mark: .template) }

    init(bytes: [UInt8], mark: TextMark) {
        self.init(
            bytes: bytes, runs: [], mark: mark, isMarkup: false, isASCII: bytes.allSatisfy { $0 < 0x80 })
    }

    init(bytes: [UInt8], runs: [MarkedRun], mark: TextMark, isMarkup: Bool, isASCII: Bool) {
        self.bytes = bytes
        self.runs = runs
        self.mark = mark
        self.isMarkup = isMarkup
        self.isASCII = isASCII
    }

    static let empty = TracedString(bytes: [], runs: [], mark: .template, isMarkup: false, isASCII: true)

    /// The text.
    public var text: String { String(decoding: bytes, as: UTF8.self) }

    var isEmpty: Bool { bytes.isEmpty }

    /// The same text as HTML or as plain text.
    func markup(_ isMarkup: Bool) -> TracedString {
        TracedString(bytes: bytes, runs: runs, mark: mark, isMarkup: isMarkup, isASCII: isASCII)
    }

    // MARK: - Code points

    /// Number of code points.
    var count: Int { isASCII ? bytes.count : Self.codePoints(in: bytes[...]) }

    static func codePoints(in bytes: ArraySlice<UInt8>) -> Int {
        var count = 0
        for byte in bytes where byte & 0xC0 != 0x80 { count += 1 }
        return count
    }

    /// Where code point number `index` starts; the end for the one behind the last.
    func offset(of index: Int) -> Int {
        if isASCII { return index }
        var left = index
        for (offset, byte) in bytes.enumerated() where byte & 0xC0 != 0x80 {
            if left == 0 { return offset }
            left -= 1
        }
        return bytes.count
    }

    /// The offsets where code points start, and the end.
    var boundaries: [Int] {
        if isASCII { return Array(0...bytes.count) }
        var offsets = bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 }
        offsets.append(bytes.count)
        return offsets
    }

    /// Number of the code point at a byte.
    func index(at offset: Int) -> Int { isASCII ? offset : Self.codePoints(in: bytes[..<offset]) }

    var scalars: String.UnicodeScalarView { text.unicodeScalars }

    // MARK: - Parts

    /// The mark of the byte at `offset`.
    func mark(at offset: Int) -> TextMark { runs.isEmpty ? mark : runs[run(at: offset)].mark }

    /// The run that holds the byte at `offset`.
    func run(at offset: Int) -> Int {
        var low = 0
        var high = runs.count - 1
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].end <= offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The bytes of a range, which begins and ends between code points.
    func slice(_ range: Range<Int>) -> TracedString {
        if range.count == bytes.count { return self }
        if range.isEmpty { return isMarkup ? TracedString.empty.markup(true) : .empty }
        if runs.isEmpty {
            let part = Array(bytes[range])
            return TracedString(
                bytes: part, runs: [], mark: mark, isMarkup: isMarkup,
                isASCII: isASCII || part.allSatisfy { $0 < 0x80 })
        }
        var builder = TracedBuilder()
        builder.append(self, range)
        return builder.finish(markup: isMarkup)
    }

    /// Calls `body` with the ranges of equal mark within `range`, in order.
    func forEachRun(in range: Range<Int>, _ body: (Range<Int>, TextMark) -> Void) {
        guard !range.isEmpty else { return }
        if runs.isEmpty { return body(range, mark) }
        var start = range.lowerBound
        var index = run(at: start)
        while start < range.upperBound {
            let end = min(runs[index].end, range.upperBound)
            body(start..<end, runs[index].mark)
            start = end
            index += 1
        }
    }
}

extension TracedString: Hashable {
    /// Who wrote it does not matter for equality.
    public static func == (left: TracedString, right: TracedString) -> Bool { left.bytes == right.bytes }
    public func hash(into hasher: inout Hasher) { hasher.combine(bytes) }
}
