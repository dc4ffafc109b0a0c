/// `wordwrap`, which is Python's `textwrap` line by line.
extension TextFilters {
    static let wordWrap: Filter = { value, arguments, budget throws(JinjaError) in
        let given = try arguments.bind(
            "wordwrap", ["width", "break_long_words", "wrapstring", "break_on_hyphens"])
        let text = try textOnly(value, "wordwrap")
        let width = try integer(given[0], "wordwrap") ?? 79
        guard width > 0 else { throw .runtime("invalid width \(width) (must be > 0)") }
        var wrapping = Wrapping(width: width)
        wrapping.breaksLongWords = given[1].map(PythonLogic.isTrue) ?? true
        wrapping.breaksOnHyphens = given[3].map(PythonLogic.isTrue) ?? true
        var separator = TracedString("\n")
        if let given = given[2], !given.isNone { separator = try StringMethods.textValue(given, "wordwrap") }
        try budget.allocate(text.bytes.count, times: 16)
        // Chunks of a word are strings of their own.
        try budget.step(text.bytes.count * 4)
        var lines: [TracedString] = []
        for line in try text.lines(keepEnds: false, budget) {
            lines.append(try separator.joining(wrapping.lines(line), budget))
        }
        return .string(try separator.joining(lines, budget))
    }

    /// Lines of at most `width` characters.
    private struct Wrapping {
        let width: Int
        var breaksLongWords = true
        var breaksOnHyphens = true

        /// White space of `textwrap`, which is ASCII's.
        private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            (9...13).contains(scalar.value) || scalar == " "
        }

        func lines(_ text: TracedString) -> [TracedString] {
            var chunks = Array(chunks(of: text).reversed())
            var lines: [TracedString] = []
            while !chunks.isEmpty {
                var line: [TracedString] = []
                var length = 0
                if !lines.isEmpty, let first = chunks.last, isBlank(first) { chunks.removeLast() }
                while let chunk = chunks.last, length + chunk.count <= width {
                    length += chunk.count
                    line.append(chunk)
                    chunks.removeLast()
                }
                if let chunk = chunks.last, chunk.count > width {
                    breakLongWord(&chunks, &line, space: width - length)
                }
                if let last = line.last, isBlank(last) { line.removeLast() }
                if !line.isEmpty { lines.append(joined(line)) }
            }
            return lines
        }

        private func isBlank(_ chunk: TracedString) -> Bool { chunk.scalars.allSatisfy(PythonText.isSpace) }

        private func joined(_ parts: [TracedString]) -> TracedString {
            var builder = TracedBuilder()
            for part in parts { builder.append(part) }
            return builder.finish()
        }

        private func breakLongWord(_ chunks: inout [TracedString], _ line: inout [TracedString], space: Int) {
            let chunk = chunks[chunks.count - 1]
            if breaksLongWords {
                var end = max(space, 0)
                if breaksOnHyphens, chunk.count > space, space > 0 {
                    let head = Array(chunk.scalars.prefix(space))
                    if let hyphen = head.lastIndex(of: "-"), hyphen > 0,
                        head[..<hyphen].contains(where: { $0 != "-" })
                    {
                        end = hyphen + 1
                    }
                }
                let offset = chunk.offset(of: max(end, width < 1 ? 1 : end))
                line.append(chunk.slice(0..<offset))
                chunks[chunks.count - 1] = chunk.slice(offset..<chunk.bytes.count)
            } else if line.isEmpty {
                line.append(chunk)
                chunks.removeLast()
            }
        }

        /// Words, the white space between them, and parts of words that end with a hyphen or are a dash.
        private func chunks(of text: TracedString) -> [TracedString] {
            let scalars = Array(text.scalars)
            let offsets = text.boundaries
            var chunks: [TracedString] = []
            var start = 0
            while start < scalars.count {
                let isSpace = Self.isSpace(scalars[start])
                var end = start
                while end < scalars.count, Self.isSpace(scalars[end]) == isSpace { end += 1 }
                if isSpace || !breaksOnHyphens {
                    chunks.append(text.slice(offsets[start]..<offsets[end]))
                } else {
                    var from = start
                    for cut in hyphens(scalars, start, end) where cut > from {
                        chunks.append(text.slice(offsets[from]..<offsets[cut]))
                        from = cut
                    }
                    if from < end { chunks.append(text.slice(offsets[from]..<offsets[end])) }
                }
                start = end
            }
            return chunks.filter { !$0.isEmpty }
        }

        /// Where a word may be broken: behind a hyphen between letters, and around a dash of two hyphens or more.
        private func hyphens(_ scalars: [Unicode.Scalar], _ start: Int, _ end: Int) -> [Int] {
            func isLetter(_ place: Int) -> Bool {
                place >= start && place < end && PythonText.isWord(scalars[place])
                    && !PythonText.isDecimal(scalars[place])
            }
            func isWordOrMark(_ place: Int) -> Bool {
                place >= start && place < end
                    && (PythonText.isWord(scalars[place])
                        || "!\"'&.,?".unicodeScalars.contains(scalars[place]))
            }
            var cuts: [Int] = []
            var place = start
            while place < end {
                guard scalars[place] == "-" else {
                    place += 1
                    continue
                }
                var last = place
                while last < end, scalars[last] == "-" { last += 1 }
                if last - place >= 2 {
                    if isWordOrMark(place - 1), last < end, PythonText.isWord(scalars[last]) {
                        cuts += [place, last]
                    }
                } else if isLetter(place - 1),
                    isLetter(place - 2)
                        || (place - 2 >= start && scalars[place - 2] == "-" && isLetter(place - 3)),
                    isLetter(place + 1),
                    isLetter(place + 2)
                        || (place + 2 < end && scalars[place + 2] == "-" && isLetter(place + 3))
                {
                    cuts.append(last)
                }
                place = last
            }
            return cuts
        }
    }
}
