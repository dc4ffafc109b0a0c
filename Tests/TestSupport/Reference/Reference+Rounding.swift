extension Reference {
    /// Rows rounded to scale · level, level a whole number from −127 to 127, the largest of each 32 values at ±127.
    ///
    /// In Float32, for a level to be the one that kernels find.
    public static func roundedTo8Bits(_ x: [Float]) -> [Double] {
        stride(from: 0, to: x.count, by: 32).flatMap { start -> [Double] in
            let values = x[start..<start + 32]
            let largest = values.map(\.magnitude).max()!
            guard largest > 0 else { return values.map { _ in 0 } }
            let (inverse, scale) = (127 / largest, largest / 127)
            return values.map { Double(scale) * Double(($0 * inverse).rounded(.toNearestOrEven)) }
        }
    }
}
