/// How a file orders the rows of queries, keys and values where it differs from ours: a head's after another's, first halves
/// before second ones.
enum RowOrder: Equatable {
    /// The two halves of each of the heads alternate, for a rotary embedding that pairs neighbours.
    case interleavedHalves(heads: Int)
    /// Each head's queries, keys and values follow each other; ours are all queries, then all keys, then all values.
    case headByHead(heads: Int)

    /// Which of our rows, of `count`, a row of the file is.
    func ours(_ row: Int, of count: Int) -> Int {
        switch self {
        case .interleavedHalves(let heads):
            let dimension = count / heads
            let (head, place) = (row / dimension, row % dimension)
            return head * dimension + place % 2 * (dimension / 2) + place / 2
        case .headByHead(let heads):
            let dimension = count / heads / 3
            let (head, place) = (row / (3 * dimension), row % (3 * dimension))
            return place / dimension * (heads * dimension) + head * dimension + place % dimension
        }
    }
}
