/// What a corpus is like: lengths, duplicates, diversity, what is said most often.
///
///     let statistics = try CorpusStatistics(of: CorpusReader([URL(filePath: "chats.jsonl")]))
///     print(statistics.answerCharacters.quantile(0.5))
///
/// The corpus is streamed. Hashes of its records, 24 bytes each, stay in memory, and tables of a few megabytes.
public struct CorpusStatistics: Equatable, Sendable, Encodable {
    /// Records of all kinds.
    public internal(set) var records = 0
    /// Records that are chats.
    public internal(set) var chats = 0
    /// Records that are plain texts.
    public internal(set) var texts = 0
    /// Chats whose last turn is not the assistant's.
    public internal(set) var unansweredChats = 0
    /// Chats with a system turn.
    public internal(set) var systemChats = 0
    /// User turns of each chat.
    public internal(set) var turns = LengthDistribution()
    /// Unicode scalars of the user's turns of each chat.
    public internal(set) var promptCharacters = LengthDistribution()
    /// Unicode scalars of the assistant's turns of each answered chat.
    public internal(set) var answerCharacters = LengthDistribution()
    /// Unicode scalars of each text.
    public internal(set) var textCharacters = LengthDistribution()
    /// Tokens of the contents of each record; nil without a tokenizer.
    public internal(set) var tokens: LengthDistribution?
    /// Tokens of the assistant's turns of each answered chat; nil without a tokenizer.
    public internal(set) var answerTokens: LengthDistribution?
    /// Pieces of the vocabulary that the contents use; nil without a tokenizer.
    public internal(set) var vocabulary: Coverage?
    /// Records that are equal to an earlier one in all their texts.
    public internal(set) var duplicateRecords = 0
    /// Chats whose turns before the last answer are equal to those of an earlier one.
    public internal(set) var duplicatePrompts = 0
    /// Chats whose last answer is equal to that of an earlier one.
    public internal(set) var duplicateAnswers = 0
    /// Words of last answers and texts.
    public internal(set) var words = 0
    /// Different words among them, in lower case; an estimate with a standard error of 0.8%.
    public internal(set) var distinctWords = 0
    /// Different pairs of successive words as a fraction of all pairs (distinct-2; Li et al. 2016, arXiv 1510.03055); an estimate
    /// with a standard error of 0.8%. It falls as a corpus grows: compare corpora of a size.
    public internal(set) var distinctPairs = 0.0
    /// The most frequent first three words of last answers and texts, in lower case and without punctuation.
    public internal(set) var openings: [FrequentText] = []
    /// The most frequent sequences of five words in last answers and texts, in lower case and without punctuation.
    public internal(set) var phrases: [FrequentText] = []
    /// The most frequent last answers.
    public internal(set) var answers: [FrequentText] = []
    /// Records drawn at random, in the order of the corpus.
    public internal(set) var examples: [CorpusRecord] = []

    /// How much of a vocabulary is used.
    public struct Coverage: Equatable, Sendable, Encodable {
        /// Pieces that occur.
        public let used: Int
        /// Pieces of the vocabulary, those that no text can give among them.
        public let size: Int
    }
}
