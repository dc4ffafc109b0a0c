import Support

extension UserError {
    /// The error of a model whose logits are infinite or NaN although its weights are finite: activations overflow.
    /// - Parameters:
    ///   - place: where, such as "after 5 tokens"
    ///   - model: the model, where more than one is run
    public static func nonFiniteOutput(_ place: String, model: String? = nil) -> UserError {
        UserError(
            "the model's output is not a number \(place)", file: model,
            hint: "check the model's weights for infinities and NaNs")
    }
}
