import Foundation
import Support

/// Removes records with too many letters of other scripts than those wanted.
///
/// The fraction is over letters; digits, punctuation and symbols do not count. A text without letters is not judged.
public struct ScriptFilter: RecordRule {
    /// The part of each record that is looked at.
    public let part: TextPart?
    private let of: TextPart
    private let scripts: Set<WritingScript>
    private let minimum: Double

    /// - Parameters:
    ///   - part: the text that is looked at
    ///   - scripts: the scripts that are wanted
    ///   - minimum: the least fraction of letters in these scripts
    public init(of part: TextPart = .answer, scripts: Set<WritingScript>, minimum: Double = 0.9) {
        (self.part, of, self.scripts, self.minimum) = (part, part, scripts, minimum)
    }

    /// Judges a record.
    public func verdict(on record: CandidateRecord) -> FilterVerdict {
        var (letters, wanted) = (0, 0)
        let wantsLatin = scripts.contains(.latin)
        for scalar in record.text(of: of).unicodeScalars {
            if scalar.isASCII {
                guard case UInt8(ascii: "a")...UInt8(ascii: "z") = UInt8(scalar.value) | 0x20 else {
                    continue
                }
                letters += 1
                if wantsLatin { wanted += 1 }
            } else if scalar.properties.isAlphabetic {
                letters += 1
                if let script = WritingScript(scalar), scripts.contains(script) { wanted += 1 }
            }
        }
        guard letters > 0 else { return .unjudged }
        let fraction = Double(wanted) / Double(letters)
        if fraction >= minimum { return .keep }
        let names = scripts.map(\.rawValue).sorted().joined(separator: ", ")
        return .remove(
            String(format: "%.0f%% of %d letters in \(names), at least ", 100 * fraction, letters)
                + String(format: "%.0f%% wanted", 100 * minimum))
    }
}

extension FilterKind {
    /// `script`.
    static let script = FilterKind(
        "script", "Removes records with too many letters of other scripts than those wanted.",
        options: [
            .part(default: .answer),
            FilterOption(
                "scripts", .choices(WritingScript.allCases.map(\.rawValue)), isRequired: true,
                "The scripts that are wanted."),
            FilterOption(
                "min_fraction", .number(.fraction), default: .number(0.9),
                "The least fraction of letters in these scripts."),
        ]
    ) { options in
        ScriptFilter(
            of: options.choice("of"),
            scripts: Set(options.texts("scripts").compactMap(WritingScript.init(rawValue:))),
            minimum: options.number("min_fraction") ?? 0)
    }
}
