extension TurnTemplate {
    /// The template that students are trained with, unless the recipe names another.
    static let roleMarkers = TurnTemplate(
        name: roleMarkersName, system: .own(marked(.system)), user: marked(.user),
        assistant: marked(.assistant),
        symbols: Role.turns.map { "<|\($0.rawValue)|>" } + ["<|end|>"])

    static let roleMarkersName = "role-markers"

    private static func marked(_ role: Role) -> Turn {
        Turn(before: "<|\(role.rawValue)|>", after: "<|end|>")
    }

    /// Gemma 1 to 3, instruction-tuned.
    static let gemma = TurnTemplate(
        name: "gemma", system: .insideUser(Turn(before: "", after: "\n\n")),
        user: Turn(before: "<start_of_turn>user\n", after: "<end_of_turn>\n"),
        assistant: Turn(before: "<start_of_turn>model\n", after: "<end_of_turn>\n"),
        symbols: ["<start_of_turn>", "<end_of_turn>"], trimsContent: true)

    /// Llama 2 Chat. Each question begins a sequence of its own.
    static let llama2 = TurnTemplate(
        name: "llama-2", system: .insideUser(Turn(before: "<<SYS>>\n", after: "\n<</SYS>>\n\n")),
        user: Turn(before: "<s>[INST] ", after: " [/INST]"), assistant: Turn(before: " ", after: "</s>"),
        symbols: ["<s>", "</s>"], trimsContent: true)

    /// Mistral Instruct with a SentencePiece vocabulary.
    static let mistral = TurnTemplate(
        name: "mistral", system: .insideUser(Turn(before: "", after: "\n\n")),
        user: Turn(before: "[INST] ", after: " [/INST]"), assistant: Turn(before: " ", after: "</s>"),
        symbols: ["</s>"], trimsContent: true)

    /// Zephyr and TinyLlama Chat, whose role markers are plain text.
    static let zephyr = TurnTemplate(
        name: "zephyr", system: .own(Turn(before: "<|system|>\n", after: "</s>\n")),
        user: Turn(before: "<|user|>\n", after: "</s>\n"),
        assistant: Turn(before: "<|assistant|>\n", after: "</s>\n"), symbols: ["</s>"])

    /// Phi-3. Its markers swallow the line breaks behind them.
    static let phi3 = TurnTemplate(
        name: "phi-3", system: .own(marked(.system)), user: marked(.user), assistant: marked(.assistant),
        symbols: roleMarkers.symbols, trimsContent: true)

    /// ChatML, with its two markers in the vocabulary.
    static let chatML = TurnTemplate(
        name: "chatml", system: .own(Turn(before: "<|im_start|>system\n", after: "<|im_end|>\n")),
        user: Turn(before: "<|im_start|>user\n", after: "<|im_end|>\n"),
        assistant: Turn(before: "<|im_start|>assistant\n", after: "<|im_end|>\n"),
        symbols: ["<|im_start|>", "<|im_end|>"])

    /// The templates that have names.
    static let families = [roleMarkers, gemma, llama2, mistral, zephyr, phi3, chatML]
}
