import Foundation

extension Tokenizer {
    /// The added tokens that a `tokenizer.json` lists, by their ids.
    /// - Throws: `UserError` if it is damaged.
    package static func addedTokens(ofTokenizerJSON data: Data, name: String) throws -> [Int: (
        spelling: String, isSpecial: Bool
    )] {
        let content = try TokenizerJSON.Content(data, name: name)
        return try TokenizerJSON.addedTokens(content.added, FieldReader(name: name)).reduce(into: [:]) {
            $0[Int($1.id)] = ($1.content, $1.isSpecial)
        }
    }
}
