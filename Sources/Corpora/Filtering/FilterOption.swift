import Foundation
import Support

/// An option of a kind of filter, as recipes and commands read it.
public struct FilterOption: Sendable {
    /// What the value is.
    public enum Content: Sendable {
        /// A whole number.
        case integer(ClosedRange<Int>)
        /// A number.
        case number(NumberLimits)
        /// True or false.
        case flag
        /// One of some words.
        case choice([String])
        /// Several of some words.
        case choices([String])
        /// A text.
        case text
        /// One text or several.
        case texts
        /// Files of records, which the filter compares with.
        case corpora
        /// A JSON schema.
        case schema
        /// A model.
        case model
        /// A tokenizer, or a model that has one.
        case tokenizer
    }

    /// The key.
    public let name: String
    /// What its value is.
    public let content: Content
    /// The value where none is given.
    public let standard: FilterValue?
    /// Whether a value must be given.
    public let isRequired: Bool
    /// One sentence on what it does.
    public let summary: String

    /// An option.
    public init(
        _ name: String, _ content: Content, default standard: FilterValue? = nil, isRequired: Bool = false,
        _ summary: String
    ) {
        self.name = name
        self.content = content
        self.standard = standard
        self.isRequired = isRequired
        self.summary = summary
    }
}

/// The value of an option.
public enum FilterValue: Sendable {
    /// A whole number.
    case integer(Int)
    /// A number.
    case number(Double)
    /// True or false.
    case flag(Bool)
    /// A text, or the word of a choice.
    case text(String)
    /// Texts, or the words of several choices.
    case texts([String])
    /// Files of records.
    case corpora([URL])
    /// A JSON schema.
    case schema(OrderedJSON)
    /// A model, or what has a tokenizer.
    case model(any FilterModel)
}

extension FilterValue: Equatable {
    /// Whether two values are the same; models are by their names.
    public static func == (a: FilterValue, b: FilterValue) -> Bool {
        switch (a, b) {
        case (.integer(let a), .integer(let b)): a == b
        case (.number(let a), .number(let b)): a == b
        case (.flag(let a), .flag(let b)): a == b
        case (.text(let a), .text(let b)): a == b
        case (.texts(let a), .texts(let b)): a == b
        case (.corpora(let a), .corpora(let b)): a == b
        case (.schema(let a), .schema(let b)): a == b
        case (.model(let a), .model(let b)): a.name == b.name
        default: false
        }
    }
}

/// The values of a filter's options.
public struct FilterOptions: Sendable {
    private let values: [String: FilterValue]

    /// - Parameter values: those that were given; those left out have their defaults
    public init(_ values: [String: FilterValue], of options: [FilterOption]) {
        var all: [String: FilterValue] = [:]
        for option in options { all[option.name] = values[option.name] ?? option.standard }
        self.values = all
    }

    func integer(_ name: String) -> Int? {
        if case .integer(let value)? = values[name] { value } else { nil }
    }
    func number(_ name: String) -> Double? {
        if case .number(let value)? = values[name] { value } else { nil }
    }
    func flag(_ name: String) -> Bool { if case .flag(true)? = values[name] { true } else { false } }
    func text(_ name: String) -> String? { if case .text(let value)? = values[name] { value } else { nil } }
    func texts(_ name: String) -> [String] {
        if case .texts(let value)? = values[name] { value } else { [] }
    }
    func corpora(_ name: String) -> [URL] {
        if case .corpora(let value)? = values[name] { value } else { [] }
    }
    func schema(_ name: String) -> OrderedJSON? {
        if case .schema(let value)? = values[name] { value } else { nil }
    }
    func model(_ name: String) -> (any FilterModel)? {
        if case .model(let value)? = values[name] { value } else { nil }
    }

    /// A model that must be given.
    func requiredModel(_ name: String) -> any FilterModel {
        guard let model = model(name) else { preconditionFailure("the option \(name) is required") }
        return model
    }

    /// The word of a choice that is an enumeration's.
    func choice<Choice: RawRepresentable>(_ name: String) -> Choice where Choice.RawValue == String {
        guard let word = text(name).flatMap(Choice.init(rawValue:)) else {
            preconditionFailure("the option \(name) is a choice with a default")
        }
        return word
    }
}

/// A value that an option cannot have, found when a filter is made.
public struct FilterOptionFault: Error {
    /// The option.
    public let option: String
    /// What is wrong.
    public let problem: String
    /// What would be accepted.
    public let hint: String?

    init(_ option: String, _ problem: String, hint: String? = nil) {
        (self.option, self.problem, self.hint) = (option, problem, hint)
    }
}
