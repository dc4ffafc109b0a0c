import Corpora
import Foundation
import Support
import Synchronization
import TestSupport
import Tokenization

/// A server that gives probabilities of prompts, as several servers do. It knows a few documents and their distributions.
final class ScoringServer: Sendable {
    /// Which server's answers.
    enum Form: Sendable {
        /// vLLM: `prompt_logprobs` by ids.
        case vLLM
        /// OpenAI's completions: `echo`, with U+FFFD for what is no whole character.
        case echo
        /// llama-cpp-python: takes texts alone and leaves out incomplete characters and begin tokens; without a begin token in front, each
        /// distribution stands beside the token before its own.
        case llamaCppPython
        /// llama.cpp's server: `logprobs` of generated tokens alone, with ids and bytes.
        case llamaServer
        /// Ignores what it does not know.
        case textAlone
    }

    struct State: Sendable {
        var form: Form
        /// Prompts that were asked for with `echo`, as they were sent.
        var asked: [OrderedJSON] = []
        /// The text of a token in place of the tokenizer's.
        var renamed: [Int32: String] = [:]
    }

    let state: Mutex<State>
    private let server: LoopbackServer
    private let tokenizer: Tokenizer
    private let documents: [[Int32]]
    /// ln p of all tokens behind each token of each document.
    private let logs: [[[Double]]]

    init(_ form: Form, _ tokenizer: Tokenizer, _ documents: [[Int32]], logs: [[[Double]]]) throws {
        state = Mutex(State(form: form))
        (self.tokenizer, self.documents, self.logs) = (tokenizer, documents, logs)
        server = try LoopbackServer()
        server.start { [weak self] in self?.answer($0) ?? HTTPResponse(503) }
    }

    var url: String { "http://127.0.0.1:\(server.port)/v1" }
    var asked: [OrderedJSON] { state.withLock { $0.asked } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }

    private func json(_ status: Int, _ body: String) -> HTTPResponse {
        HTTPResponse(status, headers: ["Content-Type": "application/json"], body: Data(body.utf8))
    }

    private func answer(_ request: HTTPRequest) -> HTTPResponse {
        guard request.path == "/v1/completions", let body = try? OrderedJSON(request.body, name: "body"),
            let prompt = body["prompt"]
        else { return json(404, #"{"detail": "Not Found"}"#) }
        guard case .integer(let k)? = body["logprobs"] else {
            return json(
                200,
                #"{"choices": [{"text": " there", "finish_reason": "length"}], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}"#
            )
        }
        let isEcho = body["echo"] == .boolean(true)
        let form = state.withLock { state in
            if isEcho { state.asked.append(prompt) }
            return state.form
        }
        if case .array = prompt, form == .llamaCppPython {
            return json(422, #"{"error": {"message": "prompt: Input should be a valid string"}}"#)
        }
        guard let (document, count) = find(prompt) else { return json(400, #"{"error": "unknown prompt"}"#) }
        if isEcho, form == .llamaServer {
            return json(
                500,
                #"{"error": {"code": 500, "message": "Only no echo is supported", "type": "server_error"}}"#)
        }
        let ids = Array(documents[document].prefix(count))
        let choice: String
        switch (form, isEcho) {
        case (.vLLM, true):
            choice = #""text": "x", "prompt_logprobs": \#(promptLogprobs(document, ids, k))"#
        case (.textAlone, _): choice = #""text": "x""#
        // A token that may end the answer is not in the list.
        case (.llamaServer, _) where body["ignore_eos"] != .boolean(true):
            choice = #""text": "", "logprobs": {"content": []}"#
        case (.llamaServer, _):
            choice =
                #""text": "x", "logprobs": {"content": [{"id": 1, "token": "x", "logprob": -1, "top_logprobs": \#(entries(logs[document][count - 1], k))}]}"#
        case (_, true): choice = #""text": "x", "logprobs": \#(echo(document, ids, k, form))"#
        case (_, false):
            choice =
                #""text": "x", "logprobs": {"tokens": ["x"], "token_logprobs": [-1], "text_offset": [0], "top_logprobs": [\#(top(logs[document][count - 1], k, nil, form))]}"#
        }
        return json(
            200,
            #"{"choices": [{\#(choice), "index": 0, "finish_reason": "length"}], "usage": {"prompt_tokens": \#(count), "completion_tokens": 1, "total_tokens": \#(count + 1)}}"#
        )
    }

    /// The document that begins with a prompt.
    private func find(_ prompt: OrderedJSON) -> (document: Int, count: Int)? {
        for (index, document) in documents.enumerated() {
            for count in 1...document.count {
                let ids = document.prefix(count)
                let isIt =
                    switch prompt {
                    case .array(let given): given == ids.map { .integer(Int($0)) }
                    case .string(let text): text == ids.map(spelled).joined()
                    default: false
                    }
                if isIt { return (index, count) }
            }
        }
        return nil
    }

    private func spelled(_ id: Int32) -> String {
        tokenizer.kind(of: id) == .control
            ? tokenizer.piece(id) : String(decoding: tokenizer.bytes(of: id), as: UTF8.self)
    }

    private func text(_ id: Int32, _ form: Form) -> String {
        if let name = state.withLock({ $0.renamed[id] }) { return name }
        let text = String(decoding: tokenizer.bytes(of: id), as: UTF8.self)
        return form == .llamaCppPython
            ? text.replacing("\u{FFFD}", with: "") : form == .vLLM ? text : spelled(id)
    }

    private func likeliest(_ logs: [Double], _ k: Int) -> [Int32] {
        logs.indices.sorted { (logs[$1], $0) < (logs[$0], $1) }.prefix(k).map(Int32.init)
    }

    private func quoted(_ text: String) -> String { OrderedJSON.string(text).text }

    private func promptLogprobs(_ document: Int, _ ids: [Int32], _ k: Int) -> String {
        let rows = ids.indices.map { row -> String in
            guard row > 0 else { return "null" }
            let logs = logs[document][row - 1]
            let order = likeliest(logs, logs.count)
            let shown = order.prefix(k) + (order.prefix(k).contains(ids[row]) ? [] : [ids[row]])
            let members = shown.map { id in
                #""\#(id)": {"logprob": \#(logs[Int(id)]), "rank": \#(order.firstIndex(of: id)! + 1), "decoded_token": \#(quoted(text(id, .vLLM)))}"#
            }
            return "{\(members.joined(separator: ", "))}"
        }
        return "[\(rows.joined(separator: ", "))]"
    }

    /// An object of texts: of several tokens with the same, the last one stays.
    private func top(_ logs: [Double], _ k: Int, _ own: Int32?, _ form: Form) -> String {
        var members: [String: Double] = [:]
        for id in likeliest(logs, k) + (own.map { [$0] } ?? []) { members[text(id, form)] = logs[Int(id)] }
        return "{\(members.map { "\(quoted($0)): \($1)" }.joined(separator: ", "))}"
    }

    private func entries(_ logs: [Double], _ k: Int) -> String {
        let entries = likeliest(logs, k).map { id in
            #"{"id": \#(id), "token": \#(quoted(text(id, .llamaServer))), "bytes": \#(tokenizer.bytes(of: id).map(Int.init)), "logprob": \#(logs[Int(id)])}"#
        }
        return "[\(entries.joined(separator: ", "))]"
    }

    private func echo(_ document: Int, _ ids: [Int32], _ k: Int, _ form: Form) -> String {
        var tokens: [(id: Int32, row: Int)] = ids.enumerated().map { ($1, $0 - 1) }
        if form == .llamaCppPython {
            if ids[0] == tokenizer.beginTokenID {
                tokens = tokens.filter { $0.id != tokenizer.beginTokenID }
            } else {
                tokens = tokens.map { ($0.id, $0.row + 1) }
            }
        } else {
            tokens.append((5, ids.count - 1))
        }
        var own = tokens.map { $0.row < 0 ? "null" : "\(logs[document][$0.row][Int($0.id)])" }
        var top = tokens.map { $0.row < 0 ? "null" : self.top(logs[document][$0.row], k, $0.id, form) }
        (own[0], top[0]) = ("null", "null")
        let texts = tokens.map { quoted(text($0.id, form)) }
        return
            #"{"tokens": [\#(texts.joined(separator: ", "))], "token_logprobs": [\#(own.joined(separator: ", "))], "top_logprobs": [\#(top.joined(separator: ", "))], "text_offset": []}"#
    }
}
