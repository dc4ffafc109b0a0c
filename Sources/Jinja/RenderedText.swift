/// What a template made of its inputs.
public struct RenderedText: Hashable, Sendable {
    /// A stretch of one author.
    public struct Run: Hashable, Sendable {
        /// Who wrote it.
        public var origin: Origin
        /// UTF-8 offsets.
        public var range: Range<Int>

        /// A stretch of text.
        public init(origin: Origin, range: Range<Int>) {
            self.origin = origin
            self.range = range
        }
    }

    /// The rendered text.
    public var text: String
    /// Who wrote what: the runs cover the text from start to end, each with another origin than the one before.
    public var runs: [Run]
    /// UTF-8 offsets of the text that was rendered in each `{% generation %}` block, in order. Empty blocks have none.
    public var generations: [Range<Int>]

    init(_ rendered: TracedString) {
        text = rendered.text
        runs = []
        generations = []
        var block: Int32 = 0
        rendered.forEachRun(in: 0..<rendered.bytes.count) { range, mark in
            let origin = Origin(number: mark.origin)
            if let last = runs.indices.last, runs[last].origin == origin {
                runs[last].range = runs[last].range.lowerBound..<range.upperBound
            } else {
                runs.append(Run(origin: origin, range: range))
            }
            if mark.generation > 0 {
                if block == mark.generation, let last = generations.indices.last {
                    generations[last] = generations[last].lowerBound..<range.upperBound
                } else {
                    generations.append(range)
                }
            }
            block = mark.generation
        }
    }
}
