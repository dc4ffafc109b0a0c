/// The pieces that text can become, found byte by byte.
///
/// The edges lie in one hash table with open addressing: parent, byte and child of an edge share 64 bits, so a
/// step is one look-up, mostly in one cache line. Those of the root, which every search begins with, lie in a table of
/// their own.
struct PieceTrie: Sendable {
    /// A place in the trie: a string that is the beginning of a piece.
    typealias Node = Int32

    static let root: Node = 0
    /// No such place.
    static let none: Node = -1

    /// The piece that ends at each node, or -1.
    private var ids: [Int32] = [-1]
    /// parent (32 bits), byte (8), child (24).
    private var edges: [UInt64]
    private var mask: Int
    /// The child of the root for each byte, or `none`.
    private var first = [Node](repeating: none, count: 256)
    private static let free = UInt64.max
    /// Children are numbered in 24 bits.
    static let mostNodes = ModelCheck.mostBytes

    /// More nodes would be needed than can be numbered.
    struct Full: Error {}

    init() {
        edges = Array(repeating: Self.free, count: 1024)
        mask = edges.count - 1
    }

    /// The child of a node, or `none`.
    @inline(__always)
    func child(of node: Node, _ byte: UInt8) -> Node {
        if node == Self.root { return first[Int(byte)] }
        let key = UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)
        return edges.withUnsafeBufferPointer { edges in
            var slot = Self.slot(of: key) & mask
            while true {
                let edge = edges[slot]
                if edge >> 24 == key { return Node(edge & 0xff_ffff) }
                if edge == Self.free { return Self.none }
                slot = (slot + 1) & mask
            }
        }
    }

    /// The number of places; they are `0..<nodeCount`.
    var nodeCount: Int { ids.count }

    /// The piece that ends at a node, or -1.
    @inline(__always)
    func id(at node: Node) -> Int32 { ids[Int(node)] }

    /// The piece spelled by some bytes, or -1.
    func id(of bytes: some Sequence<UInt8>) -> Int32 {
        var node = Self.root
        for byte in bytes {
            node = child(of: node, byte)
            if node == Self.none { return -1 }
        }
        return id(at: node)
    }

    /// Adds a piece. Returns the id it was added under before, if it was, or nil.
    ///
    /// - Returns: nil on success
    mutating func insert(_ bytes: some Sequence<UInt8>, id: Int32) -> Int32? {
        var node = Self.root
        for byte in bytes {
            var next = child(of: node, byte)
            if next == Self.none { next = addChild(of: node, byte) }
            node = next
        }
        if ids[Int(node)] >= 0 { return ids[Int(node)] }
        ids[Int(node)] = id
        return nil
    }

    /// As `insert`, of pieces whose bytes nothing has counted yet.
    mutating func insertChecked(_ bytes: some Collection<UInt8>, id: Int32) throws(Full) -> Int32? {
        guard bytes.count < Self.mostNodes - ids.count else { throw Full() }
        return insert(bytes, id: id)
    }

    private mutating func addChild(of node: Node, _ byte: UInt8) -> Node {
        precondition(ids.count < Self.mostNodes, "a trie of more than \(Self.mostNodes) nodes")
        // At most half full, so that searches stay short.
        if ids.count * 2 > edges.count { grow() }
        let child = Node(ids.count)
        ids.append(-1)
        if node == Self.root {
            first[Int(byte)] = child
            return child
        }
        place((UInt64(UInt32(bitPattern: node)) << 8 | UInt64(byte)) << 24 | UInt64(child))
        return child
    }

    private mutating func grow() {
        let old = edges
        edges = Array(repeating: Self.free, count: old.count * 2)
        mask = edges.count - 1
        for edge in old where edge != Self.free { place(edge) }
    }

    private mutating func place(_ edge: UInt64) {
        var slot = Self.slot(of: edge >> 24) & mask
        while edges[slot] != Self.free { slot = (slot + 1) & mask }
        edges[slot] = edge
    }

    /// Multiplication by 2⁶⁴ / φ spreads neighbouring keys (Knuth, The Art of Computer Programming 3, 6.4).
    @inline(__always)
    private static func slot(of key: UInt64) -> Int {
        Int(truncatingIfNeeded: (key &* 0x9e37_79b9_7f4a_7c15) >> 32)
    }
}
