/// Layers whose queries see only the last positions.
public struct SlidingWindow: Encodable, Equatable, Sendable {
    /// Keys that a query sees, its own among them.
    public var size: Int
    /// The layers with a window, rising.
    public var layers: [Int]
    /// Base of these layers' rotary frequencies, which no scaling changes; nil for the model's own, scaled.
    public var ropeTheta: Double?

    /// A window in some layers.
    public init(size: Int, layers: [Int], ropeTheta: Double? = nil) {
        self.size = size
        self.layers = layers
        self.ropeTheta = ropeTheta
    }
}
