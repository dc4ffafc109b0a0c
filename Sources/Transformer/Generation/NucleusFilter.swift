/// Nucleus (top-p) filtering: the heaviest weights that hold a wanted fraction of the sum, found without sorting.
///
/// The lightest weight that stays is built up from the bits of its Float32 form, ten at a time: weights are added up by
/// those bits, and only the bin in which the wanted fraction is crossed is searched further.
struct NucleusFilter {
    private let weights: UnsafeBufferPointer<Float>
    /// Weights above this one stay.
    let lightest: Float
    /// Weights equal to `lightest` that stay, the first ones.
    let ties: Int
    /// Sum of all that stay.
    let mass: Double

    /// - Parameters:
    ///   - weights: in 0 ... 1, the heaviest 1
    ///   - count: how many there are, where only the heaviest are given, which hold the wanted fraction
    ///   - total: the sum of all
    ///   - topP: the wanted fraction of the sum, in (0, 1]; 1 keeps all
    ///   - minP: weights below it go
    init(
        _ weights: UnsafeBufferPointer<Float>, of count: Int? = nil, total: Double, topP: Float, minP: Float
    ) {
        self.weights = weights
        let wanted = topP < 1 ? Double(topP) * total : .infinity
        // Weights below the mean of what may go sum to less than may go; half of it is safe from rounding.
        let negligible = topP < 1 ? Float((1 - Double(topP)) * total / Double(count ?? weights.count) / 2) : 0
        let floor = max(negligible, minP)

        var (prefix, above) = (UInt32(0), 0.0)
        withUnsafeTemporaryAllocation(of: Double.self, capacity: 1024) { sums in
            for shift in [20, 10, 0] as [UInt32] {
                sums.update(repeating: 0)
                for weight in weights where weight >= floor && weight > 0 {
                    let bits = weight.bitPattern
                    if (bits >> shift) >> 10 == prefix { sums[Int(bits >> shift) & 1023] += Double(weight) }
                }
                // From the heaviest bin down to the one that reaches the fraction, or to the lightest that has any.
                var (lightestBin, heavier) = (1023, above)
                for bin in stride(from: 1023, through: 0, by: -1) where sums[bin] > 0 {
                    (lightestBin, above) = (bin, heavier)
                    heavier += sums[bin]
                    if heavier >= wanted { break }
                }
                prefix = prefix << 10 | UInt32(lightestBin)
            }
        }
        let lightest = Float(bitPattern: prefix)
        let equal = weights.reduce(0) { $0 + ($1 == lightest ? 1 : 0) }
        let room = ((wanted - above) / Double(lightest)).rounded(.up)
        self.lightest = lightest
        ties = room < Double(equal) ? max(1, Int(room)) : equal
        mass = above + Double(ties) * Double(lightest)
    }

    /// The index of one of the weights that stay, each as likely as its weight.
    ///
    /// - Parameter uniform: in (0, 1)
    func draw(at uniform: Double) -> Int {
        var target = uniform * mass
        var (last, tiesLeft) = (0, ties)
        for (index, weight) in weights.enumerated() where weight >= lightest {
            if weight == lightest {
                if tiesLeft == 0 { continue }
                tiesLeft -= 1
            }
            last = index
            target -= Double(weight)
            if target < 0 { break }
        }
        return last
    }
}
