import Foundation
import Support

/// Chat templates that models are published with and that render every chat as one of ours does, wherever they do not refuse
/// the chat.
///
/// `Tests/Golden/templates/generate.py` renders them beside ours, on chats with and without a system turn, white space around
/// messages, an answer or none at the end.
enum PublishedTemplates {
    /// By the SHA-256 of the text without white space at its ends.
    private static let digests: [String: TurnTemplate] = [
        // OpenHermes 2.5
        "fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e": .chatML.with(begins: false),
        // The same, line breaks not escaped: what TRL's `setup_chat_format` writes
        "153280e3ff55d19da1398bdb3914ee2a51b80429bfaedde11d7d216c39db80f3": .chatML.with(begins: false),
        // Gemma 1, first version
        "3c050259279da4341947d5f012aadc5975af71c235e71ef7e520531aaec17a86": .gemma.with(begins: false),
        // Gemma 2
        "ecd6ae513fe103f0eb62e8ab5bfa8d0fe45c1074fa398b089c93a7e70c15cfd6": .gemma,
        // Gemma 3
        "8d9e3a3c114fb2053ec500184677af4f7e5f8ec2582443cd535834e68b3ade29": .gemma.with(trimsSystem: false),
        // Gemma 3, line breaks escaped
        "86327804b5430b642274fe55ba95199e91cf7eca7b1e1240ca5469f23839e223": .gemma.with(trimsSystem: false),
        // Zephyr and TinyLlama Chat
        "66291cf0045c2425a3a667cf3cbb7af2b11f09e025c02f97245323ab79119362": .zephyr.with(begins: false),
        // The same, line breaks escaped
        "4f39e3a4b9e3d369b42fd00d93a78f171914bb4e58ec84fc420433d7a153288a": .zephyr.with(begins: false),
    ]

    /// Our forms of them.
    static let forms: [TurnTemplate] = digests.sorted { $0.key < $1.key }.map(\.value)

    static func template(of text: String) -> TurnTemplate? {
        digests[Fingerprint(of: Data(text.utf8)).hexadecimal]
    }
}
