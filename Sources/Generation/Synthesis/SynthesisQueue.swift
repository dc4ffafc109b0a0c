import Transformer

/// Feeds conversations to the generator and returns finished records in order.
///
/// The generator takes a request when it has a free slot: conversations with further turns come first, then new ones.
final class SynthesisQueue<Source: Sequence<Conversation>>: Sequence, IteratorProtocol {
    private var source: Source.Iterator
    /// Conversations with a further turn to answer.
    private var waiting: [(number: Int, conversation: Conversation)] = []
    /// Conversations whose latest request is being answered, by the number of the request.
    private var running: [Int: (number: Int, conversation: Conversation)] = [:]
    /// Complete conversations that are returned after earlier ones.
    private var complete: [Int: Conversation] = [:]
    private var requests = 0
    private var started = 0
    private var written = 0
    /// Number of generated tokens.
    private(set) var tokens = 0
    /// The error that ended the iteration, since `next()` cannot throw.
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

    func append(_ token: Int32, to request: Int) -> BatchGenerator.Verdict {
        tokens += 1
        return running[request]!.conversation.append(token) ? .stop : .proceed
    }

    /// Adds an answer; returns the records that are complete and whose predecessors are.
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
