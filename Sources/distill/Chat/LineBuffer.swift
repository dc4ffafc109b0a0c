/// The line being edited in a chat: its characters, the cursor and the history.
struct LineBuffer: Equatable {
    /// An editing key.
    enum Key: Equatable {
        case text(Character)
        case left, right, wordLeft, wordRight, home, end
        case backspace, delete, deleteWord, deleteToStart, deleteToEnd
        /// The previous and the next line of the history.
        case previous, next
        case redraw, clearScreen
        case enter
        /// Ctrl-D: ends the input on an empty line, otherwise deletes.
        case endOfInput
        case unknown
    }

    private(set) var characters: [Character] = []
    /// Characters before the cursor.
    private(set) var cursor = 0
    private var history: [String]
    /// The index in `history` of the line shown; `history.count` for the new line.
    private var shown: Int
    /// The new line, kept while an older one is shown.
    private var draft: [Character] = []

    init(history: [String] = []) {
        self.history = history
        shown = history.count
    }

    var text: String { String(characters) }

    /// Applies an editing key; the caller handles `enter`, `endOfInput` and the screen.
    mutating func apply(_ key: Key) {
        switch key {
        case .text(let character):
            characters.insert(character, at: cursor)
            cursor += 1
        case .left: cursor = max(0, cursor - 1)
        case .right: cursor = min(characters.count, cursor + 1)
        case .wordLeft: cursor = wordStart
        case .wordRight: cursor = wordEnd
        case .home: cursor = 0
        case .end: cursor = characters.count
        case .backspace: remove(max(0, cursor - 1)..<cursor)
        case .delete, .endOfInput: remove(cursor..<min(characters.count, cursor + 1))
        case .deleteWord: remove(wordStart..<cursor)
        case .deleteToStart: remove(0..<cursor)
        case .deleteToEnd: remove(cursor..<characters.count)
        case .previous: show(shown - 1)
        case .next: show(shown + 1)
        case .redraw, .clearScreen, .enter, .unknown: break
        }
    }

    private mutating func remove(_ range: Range<Int>) {
        characters.removeSubrange(range)
        cursor = range.lowerBound
    }

    private mutating func show(_ index: Int) {
        guard (0...history.count).contains(index) else { return }
        if shown == history.count { draft = characters }
        shown = index
        characters = index == history.count ? draft : Array(history[index])
        cursor = characters.count
    }

    private var wordStart: Int {
        var index = cursor
        while index > 0, characters[index - 1].isWhitespace { index -= 1 }
        while index > 0, !characters[index - 1].isWhitespace { index -= 1 }
        return index
    }

    private var wordEnd: Int {
        var index = cursor
        while index < characters.count, characters[index].isWhitespace { index += 1 }
        while index < characters.count, !characters[index].isWhitespace { index += 1 }
        return index
    }
}
