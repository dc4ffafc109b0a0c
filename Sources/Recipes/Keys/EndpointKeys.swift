import Foundation
import Generation
import RecipeSchema
import Support

extension KeyType<EndpointAddress> {
    /// An address. Messages do not repeat what may be a password.
    static var endpointAddress: Self {
        let summary = "the address of an API, such as http://127.0.0.1:8000/v1"
        // An address that is one: it stands for one with a mistake, which has been reported.
        let placeholder = { try! EndpointAddress("http://127.0.0.1/v1") }
        return Self(
            summary: summary, placeholder: placeholder,
            decode: { yaml, context in
                guard case .scalar(let text, _) = yaml.content, !yaml.isNull else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location, hint: "expected: \(summary)")
                    return nil
                }
                do {
                    let address = try EndpointAddress(text)
                    return (address, .text(address.description))
                } catch {
                    let error = error as? UserError
                    context.problems.add(
                        error?.problem ?? "\(error!)", at: yaml.location.withoutValue, hint: error?.hint)
                    return nil
                }
            }, canonical: { .text($0.description) })
    }
}

extension KeyType<String> {
    /// The name of an environment variable with a key. Messages do not repeat the value, which may be the key itself.
    static var environmentVariable: Self {
        Self(
            summary: "the name of an environment variable", placeholder: { "KEY" },
            decode: { yaml, context in
                var problem: String? = "not the name of an environment variable"
                var name = ""
                if case .scalar(let text, _) = yaml.content {
                    name = text
                    problem = Endpoint.problem(ofVariable: text)
                }
                if let problem {
                    context.problems.add(
                        problem, at: yaml.location.withoutValue, hint: Endpoint.variableHint)
                    return nil
                }
                return (name, .text(name))
            }, canonical: CanonicalValue.text)
    }
}

extension KeyType<[OrderedJSON.Member]> {
    /// A mapping of names to any values, which are added to a request.
    static var requestParameters: Self {
        let summary = "mapping of names to values"
        return Self(
            summary: summary, placeholder: { [] },
            decode: { yaml, context in
                guard let entries = yaml.entries else {
                    context.problems.add(
                        "found \(yaml.kindName)", at: yaml.location.withoutValue, hint: "expected: \(summary)"
                    )
                    return nil
                }
                let members = entries.map { OrderedJSON.Member($0.key, OrderedJSON($0.value)) }
                for (entry, member) in zip(entries, members) {
                    if let problem = Endpoint.problem(ofParameter: member.key, member.value) {
                        context.problems.add(problem, at: entry.keyLocation.withoutValue)
                    }
                }
                return (members, .text(OrderedJSON.object(members).text))
            }, canonical: { .text(OrderedJSON.object($0).text) })
    }
}

extension SourceLocation {
    /// The location without the value that `--set` gave, which may be a key.
    fileprivate var withoutValue: SourceLocation {
        guard origin.hasPrefix("--set "), let end = origin.firstIndex(of: "=") else { return self }
        return SourceLocation(origin: String(origin[..<end]), line: line, column: column)
    }
}
