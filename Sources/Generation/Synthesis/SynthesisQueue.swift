/// One record that is being generated: requests for its answers, one after another, and then the record.
protocol SynthesisConversation: AnyObject {
    associatedtype Request

    /// The request for the next answer; nil when no answer is left, or the next prompt does not fit into the context.
    func nextRequest() throws -> Request?
    /// Whether a turn is left to answer.
    var hasMore: Bool { get }
    /// The finished record; nil where an answer failed.
    var finished: SyntheticRecord? { get }
}

/// Feeds conversations to what answers them and returns finished records in order.
///
/// A request is taken when there is room for one: conversations with further turns come first, then new ones.
final class SynthesisQueue<Source: Sequence>: Sequence, IteratorProtocol
where Source.Element: SynthesisConversation {
    private var source: Source.Iterator
    /// Conversations with a further turn to answer.
    private var waiting: [(number: Int, conversation: Source.Element)] = []
    /// Conversations whose latest request is being answered, by the number of the request.
    private var running: [Int: (number: Int, conversation: Source.Element)] = [:]
    /// Complete conversations that are returned after earlier ones.
    private var complete: [Int: Source.Element] = [:]
    /// Number of requests taken.
    private(set) var requests = 0
    private var started = 0
    private var written = 0
    /// Number of generated tokens.
    private(set) var tokens = 0
    /// The error that ended the iteration, since `next()` cannot throw.
    private(set) var fault: (any Error)?

    init(_ source: Source) { self.source = source.makeIterator() }

    func next() -> Source.Element.Request? {
        guard fault == nil else { return nil }
        do {
            while let (number, conversation) = nextConversation() {
                guard let request = try conversation.nextRequest() else {
                    complete[number] = conversation
                    continue
                }
                running[requests] = (number, conversation)
                requests += 1
                return request
            }
        } catch {
            fault = error
        }
        return nil
    }

    private func nextConversation() -> (number: Int, conversation: Source.Element)? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        guard let conversation = source.next() else { return nil }
        defer { started += 1 }
        return (started, conversation)
    }

    /// The conversation of a request that is being answered.
    func conversation(of request: Int) -> Source.Element { running[request]!.conversation }

    func count(tokens: Int) { self.tokens += tokens }

    /// Ends a request, whose answer the conversation has; returns the records that are complete and whose predecessors are.
    func finish(request: Int) -> [SyntheticRecord] {
        let (number, conversation) = running.removeValue(forKey: request)!
        if conversation.hasMore {
            waiting.append((number, conversation))
        } else {
            complete[number] = conversation
        }
        var records: [SyntheticRecord] = []
        while let next = complete.removeValue(forKey: written) {
            written += 1
            if let record = next.finished { records.append(record) }
        }
        return records
    }

    /// The complete records that wait for others, in order, once no more are made.
    func remaining() -> [SyntheticRecord] {
        defer { complete = [:] }
        return complete.sorted { $0.key < $1.key }.compactMap(\.value.finished)
    }
}
