import Support
import Tensors

/// One pass of the model over whatever runs: prompts in pieces, one token each of answers.
extension BatchGenerator {
    /// Rows of a pass beyond which prompts wait for the next: bounds memory, and a long prompt does not hold running
    /// answers up for long.
    private static let rowsPerPass = 256
    /// A prompt waits for another sequence to compute their common beginning when that saves at least this many
    /// tokens: about what an idle slot wastes in a pass.
    private static let worthWaiting = 8

    /// Runs the model once and draws a token for each sequence whose tokens are all in the cache then.
    ///
    /// - Returns: the sequences that drew
    func advance() -> [RunningSequence] {
        beginSequences()
        let parts = nextExtensions()
        let hidden = decoder.extend(parts, in: cache, arithmetic: arithmetic)
        let complete = parts.indices.filter { part in
            cache.tokens[parts[part].slot].count == sequences[parts[part].slot]!.tokens.count
        }
        guard !complete.isEmpty else { return [] }
        let drawing = complete.map { sequences[parts[$0].slot]! }
        let rows = complete.count == parts.count ? hidden : gatherRows(hidden, at: complete)
        let logits = decoder.samplingLogits(rows, arithmetic: arithmetic)
        let vocabulary = logits.width
        let beside = mixtureModel?.logits(complete.enumerated().map { (parts[$1].slot, drawing[$0]) })
        func row(_ row: Int, of tensor: Tensor) -> UnsafeMutableBufferPointer<Float> {
            UnsafeMutableBufferPointer(start: tensor.pointer(row: row), count: vocabulary)
        }
        Parallel.forEach(count: drawing.count) { index in
            if let beside, let mixtureModel {
                drawing[index].draw(
                    row(index, of: logits), beside: row(index, of: beside), weight: mixtureModel.weight)
            } else {
                drawing[index].draw(row(index, of: logits))
            }
        }
        return drawing
    }

    /// Gives new sequences what any slot holds of their prompts' beginnings.
    private func beginSequences() {
        let new = sequences.indices.filter { sequences[$0]?.hasBegun == false }
        for slot in new.sorted(by: { sequences[$0]!.index < sequences[$1]!.index }) {
            let sequence = sequences[slot]!
            let prompt = sequence.request.prompt
            // The last token is always computed: its hidden state gives the first logits.
            let limit = prompt.count - 1
            let held = cache.tokens.reduce(0) { max($0, $1.commonPrefix(with: prompt)) }
            let coming = sequences.reduce(0) { best, other in
                guard let other, other.hasBegun else { return best }
                return max(best, other.tokens.commonPrefix(with: prompt))
            }
            if min(coming, limit) - min(held, limit) >= Self.worthWaiting { continue }
            _ = cache.adoptPrefix(of: prompt, limit: limit, in: slot)
            sequence.hasBegun = true
        }
    }

    /// What the next pass computes: a token of each running answer first, then prompts, shortest first.
    private func nextExtensions() -> [CacheExtension] {
        var room = max(Self.rowsPerPass, cache.slots)
        let begun = sequences.indices.filter { sequences[$0]?.hasBegun == true }
        let pending = begun.map { (slot: $0, count: sequences[$0]!.tokens.count - cache.tokens[$0].count) }
        return pending.sorted { ($0.count, $0.slot) < ($1.count, $1.slot) }.compactMap { slot, count in
            let taken = min(count, room)
            guard taken > 0 else { return nil }
            room -= taken
            let start = cache.tokens[slot].count
            return CacheExtension(slot: slot, tokens: sequences[slot]!.tokens[start..<start + taken])
        }
    }
}
