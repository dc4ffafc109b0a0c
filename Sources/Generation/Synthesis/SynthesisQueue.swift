import Transformer

/// Hands conversations to the generator and puts what comes back in order.
///
/// The generator asks for requests when it has a place: conversations that go on come first, then new ones.
final class SynthesisQueue<Source: Sequence<Conversation>>: Sequence, IteratorProtocol {
    private var source: Source.Iterator
    /// Conversations with a further turn to answer.
    private var waiting: [(number: Int, conversation: Conversation)] = []
    /// By the number of the request that was last made for them.
    private var running: [Int: (number: Int, conversation: Conversation)] = [:]
    /// Complete ones whose turn has not come.
    private var complete: [Int: Conversation] = [:]
    private var requests = 0
    private var started = 0
    private var written = 0
    /// Tokens heard.
    private(set) var tokens = 0
    /// What went wrong where nothing can be thrown.
    private(set) var fault: (any Error)?

    init(_ source: Source) { self.source = source.makeIterator() }

    func next() -> GenerationRequest? {
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

    private func nextConversation() -> (number: Int, conversation: Conversation)? {
        if !waiting.isEmpty { return waiting.removeFirst() }
        guard let conversation = source.next() else { return nil }
        defer { started += 1 }
        return (started, conversation)
    }

    func hear(_ token: Int32, of request: Int) -> BatchGenerator.Verdict {
        tokens += 1
        return running[request]!.conversation.hear(token) ? .stop : .proceed
    }

    /// Takes an answer; gives the records that are complete with all before them.
    func finish(_ generation: GenerationResult) throws -> [SyntheticRecord] {
        let (number, conversation) = running.removeValue(forKey: generation.request)!
        conversation.finish(generation)
        if conversation.hasMore {
            waiting.append((number, conversation))
        } else {
            complete[number] = conversation
        }
        var records: [SyntheticRecord] = []
        while let next = complete.removeValue(forKey: written) {
            written += 1
            records.append(next.record)
        }
        return records
    }
}
