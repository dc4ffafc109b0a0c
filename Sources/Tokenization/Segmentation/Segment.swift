/// A piece in a text: it ends at `end`, and begins where the one before ends.
typealias Segment = (end: Int, id: Int32)
