/// `strip`, `split`, `replace`, padding: parts of strings keep their authors.
extension TracedString {
    /// The text without characters at its ends.
    ///
    /// - Parameter characters: what is taken away; nil for white space
    func stripped(
        _ characters: TracedString?, left: Bool = true, right: Bool = true, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        try budget.allocate(bytes.count)
        let range = 0..<bytes.count
        guard let characters else {
            return slice(PythonText.strip(bytes, range, left: left, right: right, PythonText.isSpace))
        }
        try budget.step(characters.bytes.count / 8)
        let set = Set(characters.scalars)
        return slice(PythonText.strip(bytes, range, left: left, right: right, set.contains))
    }

    /// `str.split` and `str.rsplit`.
    ///
    /// - Parameters:
    ///   - separator: nil for white space
    ///   - limit: the most splits; nil for all
    func split(
        _ separator: TracedString?, limit: Int?, fromEnd: Bool, _ budget: RenderBudget
    ) throws(JinjaError) -> [TracedString] {
        try budget.allocate(bytes.count)
        guard let separator else { return try splitAtSpace(limit, fromEnd, budget) }
        guard !separator.isEmpty else { throw .runtime("empty separator") }
        var ranges: [Range<Int>] = []
        if fromEnd {
            var end = bytes.count
            while limit.map({ ranges.count < $0 }) ?? true,
                let range = try lastRange(of: separator, to: end, budget)
            {
                ranges.append(range)
                end = range.lowerBound
            }
            ranges.reverse()
        } else {
            ranges = try self.ranges(of: separator, limit: limit, budget)
        }
        try budget.allocateList(ranges.count + 1)
        return pieces(between: ranges)
    }

    private func pieces(between ranges: [Range<Int>]) -> [TracedString] {
        var start = 0
        var pieces: [TracedString] = []
        for range in ranges {
            pieces.append(slice(start..<range.lowerBound))
            start = range.upperBound
        }
        return pieces + [slice(start..<bytes.count)]
    }

    private func splitAtSpace(
        _ limit: Int?, _ fromEnd: Bool, _ budget: RenderBudget
    ) throws(JinjaError) -> [TracedString] {
        var words: [Range<Int>] = []
        var rest = PythonText.strip(
            bytes, 0..<bytes.count, left: !fromEnd, right: fromEnd, PythonText.isSpace)
        while !rest.isEmpty {
            try budget.allocateList(1)
            if let limit, words.count >= limit {
                // What is left is one piece, with the space at its far end.
                words.append(rest)
                break
            }
            let behind = PythonText.strip(bytes, rest, left: !fromEnd, right: fromEnd) {
                !PythonText.isSpace($0)
            }
            words.append(
                fromEnd ? behind.upperBound..<rest.upperBound : rest.lowerBound..<behind.lowerBound)
            rest = PythonText.strip(bytes, behind, left: !fromEnd, right: fromEnd, PythonText.isSpace)
        }
        return (fromEnd ? words.reversed() : words).map { slice($0) }
    }

    /// `str.splitlines`.
    func lines(keepEnds: Bool, _ budget: RenderBudget) throws(JinjaError) -> [TracedString] {
        try budget.allocate(bytes.count)
        var lines: [TracedString] = []
        var start = 0
        var place = 0
        while place < bytes.count {
            let (scalar, length) = PythonText.scalar(bytes, place)
            place += length
            guard PythonText.isLineEnd(scalar) else { continue }
            let end = place - length
            if scalar == "\r", place < bytes.count, bytes[place] == 10 { place += 1 }
            try budget.allocateList(1)
            lines.append(slice(start..<(keepEnds ? place : end)))
            start = place
        }
        if start < bytes.count { lines.append(slice(start..<bytes.count)) }
        return lines
    }

    /// `str.replace`. What is put in keeps its own author.
    func replacing(
        _ old: TracedString, _ new: TracedString, limit: Int?, _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        var ranges: [Range<Int>]
        if old.isEmpty {
            ranges = boundaries.prefix(limit ?? .max).map { $0..<$0 }
            try budget.allocate(ranges.count, times: 24)
        } else {
            ranges = try self.ranges(of: old, limit: limit, budget)
        }
        if ranges.isEmpty { return self }
        try budget.allocate(bytes.count)
        try budget.allocate(ranges.count, times: new.bytes.count + 16 * new.runs.count)
        try budget.step(ranges.count)
        var builder = TracedBuilder()
        var start = 0
        for range in ranges {
            builder.append(self, start..<range.lowerBound)
            builder.append(new)
            start = range.upperBound
        }
        builder.append(self, start..<bytes.count)
        return builder.finish(markup: isMarkup)
    }

    /// `separator.join(self)`.
    func joining(_ parts: [TracedString], _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        var builder = TracedBuilder()
        for (place, part) in parts.enumerated() {
            try budget.allocate(bytes.count + part.bytes.count)
            try budget.step()
            if place > 0 { builder.append(self) }
            builder.append(part)
        }
        return builder.finish(markup: isMarkup)
    }

    enum Side { case left, right, center }

    /// `ljust`, `rjust` and `center`: the text padded to `width` characters.
    func padded(
        _ side: Side, width: Int, with fill: TracedString = TracedString(" "), _ budget: RenderBudget
    ) throws(JinjaError) -> TracedString {
        guard fill.count == 1 else { throw .runtime("the fill character must be exactly one character long") }
        let count = count
        guard width > count else { return self }
        let missing = width - count
        try budget.allocate(missing, times: fill.bytes.count)
        try budget.allocate(bytes.count)
        let left =
            switch side {
            case .left: 0
            case .right: missing
            // Python puts the odd character to the left if the width is odd.
            case .center: missing / 2 + (missing & width & 1)
            }
        var builder = TracedBuilder()
        builder.append(fill, times: left)
        builder.append(self)
        builder.append(fill, times: missing - left)
        return builder.finish(markup: isMarkup)
    }
}
