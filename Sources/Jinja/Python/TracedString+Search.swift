import Foundation

extension TracedString {
    /// Where `part` is first found from the byte `start` on, before `end`.
    func firstRange(
        of part: TracedString, from start: Int, to end: Int? = nil, _ budget: RenderBudget
    ) throws(JinjaError) -> Range<Int>? {
        let (end, count) = (end ?? bytes.count, part.bytes.count)
        guard count > 0 else { return start <= end ? start..<start : nil }
        guard start < end, end - start >= count else { return nil }
        let found = try search(part, start, end - count, budget)
        try budget.step(((found ?? end) - start) / 64 + 1)
        return found.map { $0..<$0 + count }
    }

    /// Where `part` is found with its first byte from `start` to `last`.
    private func search(
        _ part: TracedString, _ start: Int, _ last: Int, _ budget: RenderBudget
    ) throws(JinjaError) -> Int? {
        try bytes.withUnsafeBufferPointer { (text) throws(JinjaError) in
            try part.bytes.withUnsafeBufferPointer { (part) throws(JinjaError) in
                let (text, first, count) = (
                    UnsafeRawPointer(text.baseAddress!), UnsafeRawPointer(part.baseAddress!), part.count
                )
                var place = start
                while place <= last, let next = memchr(text + place, Int32(part[0]), last + 1 - place) {
                    place = UnsafeRawPointer(next) - text
                    // Most candidates differ soon; one that does not may take long.
                    if count <= 8 || memcmp(text + place, first, 8) == 0 {
                        try budget.step(count / 64)
                        if memcmp(text + place, first, count) == 0 { return place }
                    }
                    place += 1
                }
                return nil
            }
        }
    }

    /// Where `part` is last found before the byte `end`, from `start` on.
    func lastRange(
        of part: TracedString, from start: Int = 0, to end: Int, _ budget: RenderBudget
    ) throws(JinjaError) -> Range<Int>? {
        let count = part.bytes.count
        if count == 0 { return start <= end ? end..<end : nil }
        try budget.step(1)
        var place = end - count
        while place >= start {
            if bytes[place] == part.bytes[0] {
                // A candidate costs as much as the comparison may.
                try budget.step(1 + count / 64)
                if bytes[place..<place + count].elementsEqual(part.bytes) { return place..<place + count }
            }
            place -= 1
        }
        try budget.step((end - start) / 64)
        return nil
    }

    func hasPrefix(_ part: TracedString) -> Bool { bytes.starts(with: part.bytes) }
    func hasSuffix(_ part: TracedString) -> Bool {
        bytes.count >= part.bytes.count
            && bytes[(bytes.count - part.bytes.count)...].elementsEqual(part.bytes)
    }

    /// The ranges where `part`, which is not empty, is found without overlap, up to `limit` of them.
    func ranges(of part: TracedString, limit: Int?, _ budget: RenderBudget) throws(JinjaError) -> [Range<Int>]
    {
        var found: [Range<Int>] = []
        var start = 0
        while limit.map({ found.count < $0 }) ?? true,
            let range = try firstRange(of: part, from: start, budget)
        {
            found.append(range)
            try budget.allocate(16)
            start = range.upperBound
        }
        return found
    }
}
