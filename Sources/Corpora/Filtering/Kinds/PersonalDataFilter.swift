import Support

/// Removes records with what looks like personal data.
///
/// Each kind is found by a scan in linear time, with checks that keep out what only looks alike: check digits of cards (Luhn) and account
/// numbers (ISO 7064, modulo 97), ranges of addresses. Names and postal addresses are not found. Reasons name the kind and the position and
/// do not quote the data.
public struct PersonalDataFilter: RecordRule {
    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let kinds: [PersonalData]

    /// - Parameters:
    ///   - part: the text that is searched
    ///   - kinds: what is looked for
    public init(of part: TextPart = .all, kinds: [PersonalData] = PersonalData.allCases) {
        (self.part, of, self.kinds) = (part, part, kinds)
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        let bytes = Array(record.text(of: of).utf8)
        for kind in kinds {
            guard let place = kind.firstPlace(in: bytes) else { continue }
            let character = bytes[..<place].count { $0 & 0xC0 != 0x80 } + 1
            return .remove("\(kind.phrase) at character \(character)")
        }
        return .keep
    }
}

extension FilterKind {
    /// `personal_data`.
    static let personalData = FilterKind(
        "personal_data",
        "Removes records with e-mail addresses, telephone, card or account numbers, or IP addresses.",
        options: [
            .part(default: .all),
            FilterOption(
                "look_for", .choices(PersonalData.allCases.map(\.rawValue)),
                default: .texts(PersonalData.allCases.map(\.rawValue)), "What is looked for."),
        ]
    ) { options in
        PersonalDataFilter(
            of: options.choice("of"),
            kinds: options.texts("look_for").compactMap(PersonalData.init(rawValue:)))
    }
}
