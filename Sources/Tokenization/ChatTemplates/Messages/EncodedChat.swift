/// A chat as token ids.
public struct EncodedChat: Equatable, Sendable {
    /// The token ids of the whole chat.
    public let ids: [Int32]
    /// For each id, whether the assistant writes it: the content of an assistant turn and the piece that ends the turn, but not
    /// the role marker before it.
    public let assistantMask: [Bool]
    /// For each id, whether it belongs to a message that is excluded from the loss, or ends such a message.
    public let untrainedMask: [Bool]
}
