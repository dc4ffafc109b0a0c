import Foundation
import Synchronization

/// A cache of segmented words: a few thousand words make up most of any text.
///
/// Each word has one slot, by its hash; the first that comes takes it and keeps it. So memory is bounded (by 4 MB, and a
/// tenth of that for most texts), threads need no lock, and a look-up returns either the word's segmentation or
/// nothing, whatever was looked up before.
final class WordCache: Sendable {
    typealias Segment = UnigramSegmenter.Segment

    /// Longer words are rare and come once.
    static let longestWord = 24
    private static let slots = 1 << 15

    /// Pointers to entries as integers; 0 for none. An entry is neither changed nor freed while the cache exists.
    nonisolated(unsafe) private let entries: UnsafeMutablePointer<Atomic<UInt>>

    /// The beginning of an entry; its segments follow, then the bytes of the word.
    private struct Header {
        var length: Int32
        var count: Int32
        var guarding: Bool
    }

    init() {
        entries = .allocate(capacity: Self.slots)
        for slot in 0..<Self.slots { (entries + slot).initialize(to: Atomic(0)) }
    }

    deinit {
        for slot in 0..<Self.slots {
            UnsafeMutableRawPointer(bitPattern: entries[slot].load(ordering: .relaxed))?.deallocate()
        }
        entries.deinitialize(count: Self.slots)
        entries.deallocate()
    }

    /// The segments of a word of at most `longestWord` bytes; what `divide` gives is kept for the next time.
    @inline(__always)
    func segments(
        of word: UnsafeBufferPointer<UInt8>, guarding: Bool, _ body: (UnsafeBufferPointer<Segment>) -> Void,
        else divide: () -> [Segment]
    ) {
        let slot = entries + Self.hash(word, guarding) & (Self.slots - 1)
        let address = slot.pointee.load(ordering: .acquiring)
        if let entry = UnsafeRawPointer(bitPattern: address) {
            let header = entry.load(as: Header.self)
            let segments = UnsafeBufferPointer(
                start: (entry + Self.segmentsOffset).assumingMemoryBound(to: Segment.self),
                count: Int(header.count))
            if header.length == word.count, header.guarding == guarding,
                memcmp(segments.baseAddress! + segments.count, word.baseAddress!, word.count) == 0
            {
                return body(segments)
            }
        }
        let segments = divide()
        if address == 0 { keep(segments, of: word, guarding: guarding, in: slot) }
        segments.withUnsafeBufferPointer(body)
    }

    private static let segmentsOffset = max(MemoryLayout<Header>.stride, MemoryLayout<Segment>.alignment)

    private func keep(
        _ segments: [Segment], of word: UnsafeBufferPointer<UInt8>, guarding: Bool,
        in slot: UnsafeMutablePointer<Atomic<UInt>>
    ) {
        let size = segments.count * MemoryLayout<Segment>.stride
        let entry = UnsafeMutableRawPointer.allocate(
            byteCount: Self.segmentsOffset + size + word.count, alignment: 16)
        entry.storeBytes(
            of: Header(length: Int32(word.count), count: Int32(segments.count), guarding: guarding),
            as: Header.self)
        (entry + Self.segmentsOffset).bindMemory(to: Segment.self, capacity: segments.count)
            .initialize(from: segments, count: segments.count)
        (entry + Self.segmentsOffset + size).copyMemory(from: word.baseAddress!, byteCount: word.count)
        let isFirst = slot.pointee.compareExchange(
            expected: 0, desired: UInt(bitPattern: entry), ordering: .acquiringAndReleasing
        ).exchanged
        if !isFirst { entry.deallocate() }
    }

    /// Eight bytes at a time, each multiplied by 2⁶⁴ / φ (Knuth, The Art of Computer Programming 3, 6.4).
    @inline(__always)
    private static func hash(_ word: UnsafeBufferPointer<UInt8>, _ guarding: Bool) -> Int {
        let bytes = UnsafeRawBufferPointer(word)
        var hash: UInt64 = guarding ? 1 : 2
        var index = 0
        while index + 8 <= bytes.count {
            hash =
                (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 32
            index += 8
        }
        var rest: UInt64 = 0
        while index < bytes.count {
            rest = rest << 8 | UInt64(bytes[index])
            index += 1
        }
        hash = (hash ^ rest) &* 0x9e37_79b9_7f4a_7c15
        return Int(truncatingIfNeeded: hash >> 40)
    }
}
