import Foundation
import Synchronization

/// A cache of divided words: a few thousand words make up most of any text.
///
/// Each word has one slot, by its hash; the first that comes takes it and keeps it. So memory is bounded (by a few MB, and a
/// tenth of that for most texts), threads need no lock, and a look-up returns either the word's pieces or nothing, whatever was
/// looked up before.
final class WordCache<Element: BitwiseCopyable & Sendable>: Sendable {
    /// Longer words are rare and come once.
    static var longestWord: Int { 24 }

    private let mask: Int
    /// Pointers to entries as integers; 0 for none. An entry is neither changed nor freed while the cache exists.
    nonisolated(unsafe) private let entries: UnsafeMutablePointer<Atomic<UInt>>

    /// The beginning of an entry; its elements follow, then the bytes of the word.
    private struct Header {
        var length: Int32
        var count: Int32
        var guarding: Bool
    }

    /// - Parameter slots: A power of two.
    init(slots: Int = 1 << 15) {
        mask = slots - 1
        entries = .allocate(capacity: slots)
        for slot in 0..<slots { (entries + slot).initialize(to: Atomic(0)) }
    }

    deinit {
        for slot in 0...mask {
            UnsafeMutableRawPointer(bitPattern: entries[slot].load(ordering: .relaxed))?.deallocate()
        }
        entries.deinitialize(count: mask + 1)
        entries.deallocate()
    }

    /// What the cache has of a word: its elements, or nil and whether it could keep them.
    struct Lookup {
        let elements: UnsafeBufferPointer<Element>?
        fileprivate let slot: Int
        fileprivate let isFree: Bool
    }

    /// Looks up a word of at most `longestWord` bytes.
    @inline(__always)
    func lookup(_ word: UnsafeBufferPointer<UInt8>, guarding: Bool) -> Lookup {
        let slot = ByteHash.hash(word, seed: guarding ? 1 : 2) & mask
        let address = entries[slot].load(ordering: .acquiring)
        guard let entry = UnsafeRawPointer(bitPattern: address) else {
            return Lookup(elements: nil, slot: slot, isFree: true)
        }
        let header = entry.load(as: Header.self)
        let elements = UnsafeBufferPointer(
            start: (entry + Self.elementsOffset).assumingMemoryBound(to: Element.self),
            count: Int(header.count))
        let isSame =
            header.length == word.count && header.guarding == guarding
            && memcmp(elements.baseAddress! + elements.count, word.baseAddress!, word.count) == 0
        return Lookup(elements: isSame ? elements : nil, slot: slot, isFree: false)
    }

    /// Keeps the elements of a word, if its slot is free.
    @inline(__always)
    func keep(
        _ elements: UnsafeBufferPointer<Element>, of word: UnsafeBufferPointer<UInt8>, guarding: Bool,
        after lookup: Lookup
    ) {
        if lookup.isFree { insert(elements, of: word, guarding: guarding, in: entries + lookup.slot) }
    }

    /// The elements of a word of at most `longestWord` bytes; what `divide` gives is kept for the next time.
    @inline(__always)
    func elements(
        of word: UnsafeBufferPointer<UInt8>, guarding: Bool, _ body: (UnsafeBufferPointer<Element>) -> Void,
        else divide: () -> [Element]
    ) {
        let lookup = lookup(word, guarding: guarding)
        if let elements = lookup.elements { return body(elements) }
        divide().withUnsafeBufferPointer {
            keep($0, of: word, guarding: guarding, after: lookup)
            body($0)
        }
    }

    private static var elementsOffset: Int {
        max(MemoryLayout<Header>.stride, MemoryLayout<Element>.alignment)
    }

    private func insert(
        _ elements: UnsafeBufferPointer<Element>, of word: UnsafeBufferPointer<UInt8>, guarding: Bool,
        in slot: UnsafeMutablePointer<Atomic<UInt>>
    ) {
        let size = elements.count * MemoryLayout<Element>.stride
        let entry = UnsafeMutableRawPointer.allocate(
            byteCount: Self.elementsOffset + size + word.count, alignment: 16)
        entry.storeBytes(
            of: Header(length: Int32(word.count), count: Int32(elements.count), guarding: guarding),
            as: Header.self)
        _ = (entry + Self.elementsOffset).bindMemory(to: Element.self, capacity: elements.count)
        if let start = elements.baseAddress {
            (entry + Self.elementsOffset).copyMemory(from: start, byteCount: size)
        }
        (entry + Self.elementsOffset + size).copyMemory(from: word.baseAddress!, byteCount: word.count)
        let isFirst = slot.pointee.compareExchange(
            expected: 0, desired: UInt(bitPattern: entry), ordering: .acquiringAndReleasing
        ).exchanged
        if !isFirst { entry.deallocate() }
    }
}
