import Jinja

extension TurnFinder {
    /// Where an answer begins: behind what the chat and the prompt have in common after the message before.
    ///
    /// Only what stands behind that message is compared, since templates write earlier turns otherwise once others follow. What
    /// stands between the two places, such as `<tool_call>` or a space, is the template's, and the model generates it.
    ///
    /// - Parameters:
    ///   - place: Where the message's own text begins.
    ///   - prompt: The chat up to the answer, with the generation prompt; nil if the template refuses it.
    ///   - added: What stands between the generation prompt and the answer where nothing follows, for prompts that end with
    ///     another message's text than the chat has there.
    func startOfTurn(before place: Int, prompt: ChatRendering?, added: ArraySlice<UInt8>) -> Int {
        let previous = chat.lastInput(before: place)
        guard let prompt,
            case let asked = prompt.lastInput(before: prompt.bytes.count), asked?.origin == previous?.origin
        else {
            let isThere = chat.bytes[..<place].suffix(added.count).elementsEqual(added)
            return place - (isThere ? added.count : 0)
        }
        let written = chat.bytes[(previous?.range.upperBound ?? 0)..<place]
        let header = prompt.bytes[(asked?.range.upperBound ?? 0)...]
        let common = zip(written, header).prefix { $0 == $1 }.count
        guard common < header.count, common < written.count else { return written.startIndex + common }
        let tokens = markers.find(in: MarkedText(all: written))
        // Where the prompt follows later, or nothing is before it, what differs is not the model's.
        let asks = Set(markers.specials(in: header).map(\.id))
        guard previous != nil,
            !tokens.contains(where: { $0.range.lowerBound >= common && asks.contains($0.id) })
        else { return place }
        // Of <think> and <tool_call>, which begin alike, nothing is common.
        let split = tokens.first { $0.range.contains(common) }?.range.lowerBound
        let word = (written.prefix(common).lastIndex { $0 <= 0x20 } ?? written.startIndex - 1) + 1
        let marker = tokens.last { $0.range.upperBound <= common }?.range.upperBound ?? 0
        return split.map { written.startIndex + $0 } ?? max(word, written.startIndex + marker)
    }

    /// Behind the beginning of what ends a turn, so that a token that begins there belongs to it: the last special token that the
    /// template writes behind the message whatever follows, or else the first piece of what it writes.
    ///
    /// A template that writes nothing there, such as GLM's, leaves it to the marker of the next turn.
    ///
    /// - Parameters:
    ///   - end: Where the message's own text ends.
    ///   - answered: The chat that ends with the message, and where its text ends in it.
    ///   - callsTools: Whether the message ends with calls, of which all that is written behind their text is part.
    func endOfTurn(after end: Int, in answered: (chat: ChatRendering, end: Int), callsTools: Bool) -> Int {
        let whole = chat.writtenText(from: end)
        let count = zip(answered.chat.writtenText(from: answered.end), whole).prefix { $0 == $1 }.count
        let special = markers.specials(in: whole.prefix(count))
        if let token = hasOneEnd ? special.last : special.first {
            return end + token.range.lowerBound + 1
        }
        guard count == 0 || callsTools else { return end + 1 }
        let next = markers.find(in: MarkedText(all: whole.dropFirst(count))).first
        let isMarked = next.map { markers.isSpecial($0) && $0.range.lowerBound == 0 } ?? false
        return end + count + (isMarked ? 1 : 0)
    }

    /// The same where the chat up to the message is not known: the first special token, or the first piece of what follows.
    func endOfTurn(after end: Int) -> Int {
        let following = chat.writtenText(from: end)
        guard !following.isEmpty else { return end }
        return end + (markers.specials(in: following).first?.range.lowerBound ?? 0) + 1
    }
}
