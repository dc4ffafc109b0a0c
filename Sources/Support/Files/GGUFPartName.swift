/// The name of a part of a GGUF model: `model-00002-of-00003.gguf`.
package struct GGUFPartName {
    /// What all parts begin with, `model`.
    package let base: String
    /// From 1.
    package let number: Int
    /// How many parts there are, 2 or more.
    package let count: Int

    /// nil for a name of another form.
    package init?(_ name: String) {
        guard let match = name.wholeMatch(of: /(.*)-(\d{5})-of-(\d{5})\.gguf/), let number = Int(match.2),
            let count = Int(match.3), count > 1, (1...count).contains(number)
        else { return nil }
        (base, self.number, self.count) = (String(match.1), number, count)
    }

    /// The end of a part's name.
    package static func ending(_ number: Int, of count: Int) -> String {
        func digits(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, 5 - text.count)) + text
        }
        return "-\(digits(number))-of-\(digits(count)).gguf"
    }

    /// The names of all parts by the name of the first; the name alone where it is none.
    package static func parts(of name: String) -> [String] {
        guard let part = GGUFPartName(name), part.number == 1 else { return [name] }
        return (1...part.count).map { part.base + ending($0, of: part.count) }
    }
}
