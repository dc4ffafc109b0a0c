extension String {
    /// The text with the middle of each long line left out, and how much it was.
    ///
    /// Messages quote values from files and command lines; one of a megabyte would bury the message.
    ///
    /// - Parameter limit: Unicode scalars of a line that stay, three quarters of them at its beginning.
    package func withBoundedLines(_ limit: Int = 2000) -> String {
        split(separator: "\n", omittingEmptySubsequences: false).map { line in
            let scalars = line.unicodeScalars
            let excess = scalars.count - limit
            guard excess > 0 else { return String(line) }
            let (head, tail) = (scalars.prefix(limit * 3 / 4), scalars.suffix(limit - limit * 3 / 4))
            return "\(String(head)) […\(excess) characters…] \(String(tail))"
        }.joined(separator: "\n")
    }
}
