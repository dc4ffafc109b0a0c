import Foundation
import Support

extension Endpoint {
    /// Parameters that the run itself sets, and the option that decides each.
    private static let ownParameters = [
        "model": "the model's name", "messages": "the prompts", "prompt": "the prompts",
        "stream": "answers are not streamed", "n": "the number of samples",
        "max_tokens": "max_new_tokens", "max_completion_tokens": "max_new_tokens",
        "tools": "the prompts",
    ]
    /// Parameters that a null leaves out of requests.
    private static let samplingParameters: Set = [
        "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed", "stop",
    ]

    /// Why a parameter cannot be added; nil if it can.
    public static func problem(ofParameter name: String, _ value: OrderedJSON) -> String? {
        if let option = ownParameters[name] { return "\"\(name)\" is set by the run itself (\(option))" }
        if EndpointAddress.isSecret(name) {
            return "\"\(name)\" looks like a key, which \"key\" or \"headers\" takes from the environment"
        }
        if samplingParameters.contains(name), value != .null {
            return "\"\(name)\" is a sampling option; here only null is accepted, which leaves it out"
        }
        return nil
    }

    /// Why a text cannot be the name of a variable with a key; nil if it can. The text itself, which may be a key, is not repeated.
    public static func problem(ofVariable name: String) -> String? {
        let bytes = Array(name.utf8)
        let isName =
            (1...64).contains(bytes.count) && !(48...57).contains(bytes[0])
            && bytes.allSatisfy { (65...90).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard isName else {
            return "not the name of an environment variable; a key itself must not be given here"
        }
        // Keys of capitals and digits alone are long and have no word boundaries.
        if bytes.count >= 20, !bytes.contains(95), bytes.contains(where: { (48...57).contains($0) }) {
            return "looks like a key; the name of an environment variable that holds it is expected"
        }
        return nil
    }

    /// What would be accepted in its place.
    public static let variableHint = "for example OPENAI_API_KEY: capitals, digits and _"

    /// Why a text cannot be the name of a header field; nil if it can.
    public static func problem(ofHeader name: String) -> String? {
        let isName =
            (1...100).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45
                    || $0 == 95
            }
        guard isName else { return "not the name of a header field" }
        let taken = [
            "content-type", "content-length", "host", "accept-encoding", "connection", "transfer-encoding",
        ]
        return taken.contains(name.lowercased()) ? "\(name) is set by the client itself" : nil
    }
}
