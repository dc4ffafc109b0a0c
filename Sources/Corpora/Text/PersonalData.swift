import Foundation

/// A kind of personal data that has a form by which it is known.
public enum PersonalData: String, CaseIterable, Sendable {
    /// An e-mail address.
    case email
    /// A telephone number: `+` and 8 to 15 digits (ITU-T E.164), or 9 to 15 digits in at least three groups.
    case phone
    /// An IPv4 or IPv6 address.
    case ipAddress = "ip_address"
    /// A payment card's number: 13 to 19 digits with Luhn's check digit (ISO/IEC 7812).
    case card
    /// An international bank account number (ISO 13616), by its country's length and check digits.
    case iban

    /// For messages: "an e-mail address".
    var phrase: String {
        switch self {
        case .email: "an e-mail address"
        case .phone: "a telephone number"
        case .ipAddress: "an IP address"
        case .card: "a card number"
        case .iban: "an account number (IBAN)"
        }
    }

    /// The offset of the first one in a UTF-8 text.
    func firstPlace(in text: [UInt8]) -> Int? {
        switch self {
        case .email: Self.email(text)
        case .phone: Self.digitRuns(in: text).first { Self.isPhone($0, text) }?.range.lowerBound
        case .ipAddress: Self.ipAddress(text)
        case .card: Self.digitRuns(in: text).first { Self.isCard($0) }?.range.lowerBound
        case .iban: Self.iban(text)
        }
    }

    // MARK: - Characters

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isWord(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) || byte >= 0x80 }

    // MARK: - E-mail

    /// The longest local part and domain (RFC 5321, section 4.5.3.1).
    private static let (longestLocal, longestDomain) = (64, 255)

    private static func email(_ text: [UInt8]) -> Int? {
        for at in text.indices where text[at] == UInt8(ascii: "@") {
            var start = at
            while start > 0, at - start < longestLocal, isLocal(text[start - 1]) { start -= 1 }
            while start < at, text[start] == UInt8(ascii: ".") { start += 1 }
            guard start < at, text[at - 1] != UInt8(ascii: ".") else { continue }
            var end = at + 1
            while end < text.count, end - at <= longestDomain, isDomain(text[end]) { end += 1 }
            // A full stop may end the sentence.
            while end > at, [UInt8(ascii: "."), UInt8(ascii: "-")].contains(text[end - 1]) { end -= 1 }
            let labels = text[at + 1..<max(end, at + 1)].split(
                separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            if labels.count > 1, !labels.contains(where: \.isEmpty), let last = labels.last, last.count > 1,
                last.allSatisfy(isLetter)
            {
                return start
            }
        }
        return nil
    }

    private static func isLocal(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || ".!#$%&*+/=?^_{|}~-".utf8.contains(byte)
    }

    private static func isDomain(_ byte: UInt8) -> Bool {
        isDigit(byte) || isLetter(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }

    // MARK: - Numbers

    /// Digits with single spaces, hyphens, full stops, slashes or parentheses between them.
    private struct DigitRun {
        var range: Range<Int>
        var digits: [UInt8]
        /// Lengths of the groups between separators.
        var groups: [Int]
        var separators: Set<UInt8>
        var hasPlus: Bool
    }

    private static let separators: Set<UInt8> = Set(" -./()".utf8)
    /// The most digits of a number that is looked for; a longer run is none.
    private static let mostDigits = 19

    private static func digitRuns(in text: [UInt8]) -> [DigitRun] {
        var runs: [DigitRun] = []
        var index = 0
        while index < text.count {
            guard isDigit(text[index]) else {
                index += 1
                continue
            }
            let start = index
            var run = DigitRun(range: start..<start, digits: [], groups: [0], separators: [], hasPlus: false)
            var (end, gap) = (start, 0)
            while index < text.count {
                if isDigit(text[index]) {
                    if gap > 0 {
                        run.groups.append(0)
                        run.separators.formUnion(text[end..<index])
                        gap = 0
                    }
                    if run.digits.count <= mostDigits { run.digits.append(text[index] - 0x30) }
                    run.groups[run.groups.count - 1] += 1
                    end = index + 1
                } else if separators.contains(text[index]), gap < 2 {
                    gap += 1
                } else {
                    break
                }
                index += 1
            }
            run.hasPlus = start > 0 && text[start - 1] == UInt8(ascii: "+")
            let before = run.hasPlus ? start - 1 : start
            run.range = before..<end
            index = max(end, start + 1)
            let touchesWord = before > 0 && isWord(text[before - 1]) || end < text.count && isWord(text[end])
            if !touchesWord { runs.append(run) }
        }
        return runs
    }

    private static func isCard(_ run: DigitRun) -> Bool {
        guard (13...19).contains(run.digits.count), (2...6).contains(run.digits[0]), !run.hasPlus,
            run.separators.isSubset(of: Set(" -".utf8)), run.groups.allSatisfy({ (3...19).contains($0) })
        else { return false }
        let sum = run.digits.reversed().enumerated().reduce(0) { sum, digit in
            let value = Int(digit.element) * (digit.offset % 2 == 1 ? 2 : 1)
            return sum + (value > 9 ? value - 9 : value)
        }
        return sum % 10 == 0
    }

    private static func isPhone(_ run: DigitRun, _ text: [UInt8]) -> Bool {
        let count = run.digits.count
        if run.hasPlus { return (8...15).contains(count) && run.digits[0] != 0 }
        guard (9...15).contains(count), run.groups.count >= 3,
            run.groups.allSatisfy({ (2...5).contains($0) }),
            !run.separators.contains(UInt8(ascii: "/"))
        else { return false }
        // Dates, as in 2024-01-31 12, and lists of years.
        let isDate =
            run.groups[0] == 4
            && (run.digits[0] == 1 && run.digits[1] == 9 || run.digits[0] == 2 && run.digits[1] == 0)
        // Addresses and versions have full stops throughout.
        let isDotted =
            run.separators == [UInt8(ascii: ".")] && run.groups.count == 4
            && run.groups.allSatisfy { $0 <= 3 }
        return !isDate && !isDotted
    }

    // MARK: - Addresses

    private static func ipAddress(_ text: [UInt8]) -> Int? {
        var index = 0
        while index < text.count {
            let start = index
            while index < text.count, isAddress(text[index]) { index += 1 }
            if index > start, start == 0 || !isWord(text[start - 1]),
                index == text.count || !isWord(text[index])
            {
                var token = text[start..<index]
                while let last = token.last,
                    last == UInt8(ascii: ".") || last == UInt8(ascii: ":") && !token.hasSuffix("::")
                {
                    token = token.dropLast()
                }
                if isIP(token) { return start }
            }
            index = max(index, start + 1)
        }
        return nil
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte | 0x20) || byte == UInt8(ascii: ".")
            || byte == UInt8(ascii: ":")
    }

    private static func isIP(_ token: ArraySlice<UInt8>) -> Bool {
        // The longest is an IPv6 address with an IPv4 tail.
        guard (7...45).contains(token.count) else { return false }
        let text = String(decoding: token, as: UTF8.self)
        let colons = token.count { $0 == UInt8(ascii: ":") }
        if colons == 0 {
            var address = in_addr()
            return inet_pton(AF_INET, text, &address) == 1
        }
        var address = in6_addr()
        return colons >= 3 && inet_pton(AF_INET6, text, &address) == 1
    }

    // MARK: - Account numbers

    /// Lengths by country (SWIFT's IBAN registry).
    private static let ibanLengths: [String: Int] = [
        "AD": 24, "AE": 23, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21,
        "CR": 22,
        "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18,
        "FR": 27,
        "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
        "IQ": 23,
        "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21,
        "MC": 27,
        "MD": 24, "ME": 22, "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28,
        "PS": 29,
        "PT": 25, "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
        "TN": 24,
        "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
    ]

    private static func iban(_ text: [UInt8]) -> Int? {
        for start in text.indices.dropLast(14) where start == 0 || !isWord(text[start - 1]) {
            guard (0x41...0x5A).contains(text[start]), (0x41...0x5A).contains(text[start + 1]),
                isDigit(text[start + 2]), isDigit(text[start + 3]),
                let length = ibanLengths[String(decoding: text[start..<start + 2], as: UTF8.self)]
            else { continue }
            var (symbols, index) = ([UInt8](), start)
            while index < text.count, symbols.count < length {
                let byte = text[index]
                if isDigit(byte) || (0x41...0x5A).contains(byte) {
                    symbols.append(byte)
                } else if byte != UInt8(ascii: " ") || text[index - 1] == UInt8(ascii: " ") {
                    break
                }
                index += 1
            }
            guard symbols.count == length, index == text.count || !isWord(text[index]) else { continue }
            let remainder = (symbols[4...] + symbols[..<4]).reduce(0) { remainder, symbol in
                isDigit(symbol)
                    ? (remainder * 10 + Int(symbol - 0x30)) % 97
                    : (remainder * 100 + Int(symbol - 0x41) + 10) % 97
            }
            if remainder == 1 { return start }
        }
        return nil
    }
}

extension ArraySlice<UInt8> {
    fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
