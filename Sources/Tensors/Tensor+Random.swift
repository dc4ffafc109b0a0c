import Support

extension Tensor {
    /// A tensor of normal values with mean 0.
    public static func normal(_ shape: [Int], deviation: Float, from stream: RandomStream) -> Tensor {
        var stream = stream
        let tensor = Tensor(shape: shape)
        tensor.withUnsafeMutableFloats { buffer in
            for index in buffer.indices { buffer[index] = deviation * stream.nextNormal() }
        }
        return tensor
    }
}
