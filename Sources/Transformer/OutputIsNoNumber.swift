import Support

extension UserError {
    /// A model whose logits are infinite or NaN, although its weights are finite: they overflow on the way.
    /// - Parameters:
    ///   - place: where, such as "after 5 tokens"
    ///   - model: the model, where more than one is run
    public static func outputIsNoNumber(_ place: String, model: String? = nil) -> UserError {
        UserError(
            "the model's output is not a number \(place)", file: model,
            hint: "check the model's weights for infinities and NaNs")
    }
}
