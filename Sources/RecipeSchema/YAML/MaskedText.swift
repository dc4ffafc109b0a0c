/// A text in which the first of two equal keys can be replaced by as many other characters, so that the parser, which stops at
/// the first duplicate, continues to the other problems of the file.
struct MaskedText {
    private(set) var text: String
    private var hidden: [String] = []
    /// The first private-use character: it does not occur in recipes, and YAML allows it.
    private static let firstMask: UInt32 = 0xE000
    private static let mostMasks = 100

    init(_ text: String) { self.text = text }

    /// The key that `key` hides, if it is a mask.
    func original(of key: String) -> String? {
        guard let first = key.unicodeScalars.first?.value, first >= Self.firstMask else { return nil }
        let index = Int(first - Self.firstMask)
        return hidden.indices.contains(index) ? hidden[index] : nil
    }

    /// Hides the key at a line and column. False if the text there does not spell the key.
    mutating func hide(_ key: String, line: Int, column: Int) -> Bool {
        var lines = text.lines.map(String.init)
        guard hidden.count < Self.mostMasks, !key.isEmpty, lines.indices.contains(line - 1),
            let mask = Unicode.Scalar(Self.firstMask + UInt32(hidden.count))
        else { return false }
        var scalars = Array(lines[line - 1].unicodeScalars)
        let wanted = Array(key.unicodeScalars)
        var start = column - 1
        if scalars.indices.contains(start), "\"'".unicodeScalars.contains(scalars[start]) { start += 1 }
        guard start >= 0, start + wanted.count <= scalars.count,
            Array(scalars[start..<start + wanted.count]) == wanted
        else { return false }
        for index in start..<start + wanted.count { scalars[index] = mask }
        lines[line - 1] = String(String.UnicodeScalarView(scalars))
        text = lines.joined(separator: "\n")
        hidden.append(key)
        return true
    }
}

extension String {
    /// Lines however they end, the empty ones too.
    var lines: [Substring] {
        split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    }
}
