import Foundation
import Support

/// An answer as server-sent events, which some servers give although none were asked for: the deltas put together.
struct StreamedCompletion {
    /// As a whole answer would have been.
    private(set) var value = OrderedJSON.null
    /// Whether the stream came to its end.
    private(set) var isWhole = false

    /// nil for a text that is no stream of JSON.
    init?(_ text: String) {
        var (content, reasoning, answer) = ("", "", "")
        var (finish, usage, error) = (OrderedJSON.null, OrderedJSON.null, OrderedJSON.null)
        var events = 0
        var logprobs: [OrderedJSON] = []
        for line in text.split(whereSeparator: \.isNewline) where line.hasPrefix("data:") {
            let data = line.dropFirst("data:".count).trimmingCharacters(in: .whitespaces)
            if data == "[DONE]" {
                isWhole = true
                continue
            }
            guard let event = try? OrderedJSON(Data(data.utf8), name: "the answer") else { continue }
            events += 1
            if let found = event["error"], found != .null { error = found }
            if let found = event["usage"], found != .null { usage = found }
            guard case .array(let choices)? = event["choices"], let choice = choices.first else { continue }
            if let reason = choice["finish_reason"], reason != .null { finish = reason }
            if case .string(let text)? = choice["text"] { answer += text }
            if case .array(let tokens)? = choice["logprobs"]?["content"] { logprobs += tokens }
            if case .string(let text)? = choice["delta"]?["content"] { content += text }
            for name in ["reasoning_content", "reasoning"] {
                if case .string(let text)? = choice["delta"]?[name] { reasoning += text }
            }
        }
        guard events > 0 else { return nil }
        if finish != .null || error != .null { isWhole = true }
        value = .object([
            .init("error", error), .init("usage", usage),
            .init(
                "choices",
                .array([
                    .object([
                        .init("finish_reason", finish), .init("text", .string(answer)),
                        .init("logprobs", .object([.init("content", .array(logprobs))])),
                        .init(
                            "message",
                            .object([
                                .init("content", .string(content)),
                                .init("reasoning_content", .string(reasoning)),
                            ])),
                    ])
                ])),
        ])
    }
}
