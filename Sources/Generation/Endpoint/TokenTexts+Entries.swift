import Foundation
import Support

extension TokenTexts {
    /// The tokens that are named without doubt, with their log-probabilities; the others are left to the tail.
    ///
    /// - Parameter spaces: whether the server may have left out the space before a word; then only ids and bytes name such tokens
    /// - Throws: `UserError` for ids and texts that are not the tokenizer's, and probabilities that add up to more than 1
    func entries(
        _ named: [NamedToken], spacesMayBeLost spaces: Bool = false
    ) throws(UserError) -> [Int32: Double] {
        var entries: [Int32: Double] = [:]
        var twice: Set<Int32> = []
        for token in named where token.isKnown {
            if spaces, token.id == nil, token.bytes == nil, losesSpace(token.text) { continue }
            guard let id = token.id ?? token.name.flatMap(id) else { continue }
            guard isID(id) else { throw UserError("token \(id), which the tokenizer does not have") }
            if token.id != nil { try requireText(token.text, of: id) }
            if entries.updateValue(token.logProbability, forKey: id) != nil { twice.insert(id) }
        }
        for id in twice { entries[id] = nil }
        return try Self.sound(entries)
    }

    func isID(_ id: Int32) -> Bool { (0..<Int32(tokenizer.vocabularySize)).contains(id) }

    /// Refuses a text that the tokenizer has not for an id. Decoded alone, a token may lose its space, or be no whole character.
    func requireText(_ text: String, of id: Int32) throws(UserError) {
        let bytes = tokenizer.bytes(of: id)
        guard let own = String(validating: bytes, as: UTF8.self), !own.isEmpty, !text.isEmpty,
            !text.contains("\u{FFFD}")
        else { return }
        func word(_ text: String) -> String {
            text.replacing("\u{2581}", with: " ").replacing("\u{0120}", with: " ").trimmingCharacters(
                in: .whitespaces)
        }
        guard word(text) == word(own) || text == tokenizer.piece(id) else {
            throw Self.otherTokens("token \(id) is \"\(text.prefix(20))\"", "\"\(own.prefix(20))\"")
        }
    }

    static func otherTokens(_ theirs: String, _ ours: String) -> UserError {
        UserError("it reads other tokens: \(theirs) where the tokenizer has \(ours)")
    }

    /// Refuses probabilities that add up to more than 1.
    static func sound(_ entries: [Int32: Double]) throws(UserError) -> [Int32: Double] {
        let sum = entries.values.reduce(0) { $0 + exp($1) }
        guard sum < largestSum else { throw UserError("probabilities that add up to \(sum)") }
        return entries
    }

    /// What the rounding of half precision leaves of 1.
    private static let largestSum = 1.02
}
