import Foundation

/// The time that `strftime_now` writes, with the directives of C's `strftime` in the C locale.
struct Clock: Sendable {
    private let date: Date
    private let calendar: Calendar

    init(date: Date, timeZone: TimeZone) {
        self.date = date
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = timeZone
        self.calendar = calendar
    }

    private static let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November",
        "December",
    ]

    private struct Time {
        var year, month, day, hour, minute, second, microsecond: Int
        /// From Sunday, 0.
        var weekday: Int
        /// From 0.
        var dayOfYear: Int
        var seconds: Int
    }

    private var time: Time {
        let parts = calendar.dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .nanosecond, .weekday], from: date)
        let year = parts.year ?? 1970
        let month = parts.month ?? 1
        let lengths = [31, Self.isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return Time(
            year: year, month: month, day: parts.day ?? 1, hour: parts.hour ?? 0, minute: parts.minute ?? 0,
            second: parts.second ?? 0, microsecond: (parts.nanosecond ?? 0) / 1000,
            weekday: (parts.weekday ?? 1) - 1,
            dayOfYear: lengths[..<(month - 1)].reduce(0, +) + (parts.day ?? 1) - 1,
            seconds: Int(date.timeIntervalSince1970.rounded(.down)))
    }

    private static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// The time as a format asks for it. What the format spells itself keeps its author.
    func text(_ format: TracedString, _ budget: RenderBudget) throws(JinjaError) -> TracedString {
        // The longest directive writes 24 characters for two.
        try budget.allocate(format.bytes.count, times: 12)
        let time = time
        var builder = TracedBuilder()
        var plain = 0
        var place = 0
        let bytes = format.bytes
        while place < bytes.count {
            guard bytes[place] == UInt8(ascii: "%") else {
                place += 1
                continue
            }
            builder.append(format, plain..<place)
            plain = place
            var letter = place + 1
            var padding: UInt8?
            while letter < bytes.count, "-_0^EO".utf8.contains(bytes[letter]) {
                if "-_0^".utf8.contains(bytes[letter]) { padding = bytes[letter] }
                letter += 1
            }
            guard letter < bytes.count else { break }
            place = letter + 1
            if let text = text(bytes[letter], time) {
                builder.append(Self.padded(text, padding), .template)
                plain = place
            }
        }
        builder.append(format, plain..<bytes.count)
        return builder.finish()
    }

    /// A number without its padding, or with blanks for zeros: glibc's flags.
    private static func padded(_ text: String, _ flag: UInt8?) -> String {
        switch flag {
        case UInt8(ascii: "^"): return text.uppercased()
        case UInt8(ascii: "-"), UInt8(ascii: "_"):
            guard text.utf8.allSatisfy({ $0.isASCIIDigit || $0 == 0x20 }), text.utf8.count > 1 else {
                return text
            }
            let digits = text.drop { $0 == "0" || $0 == " " }
            let number = digits.isEmpty ? "0" : String(digits)
            return flag == UInt8(ascii: "-")
                ? number : String(repeating: " ", count: text.utf8.count - number.utf8.count) + number
        default: return text
        }
    }

    private func text(_ letter: UInt8, _ time: Time) -> String? {
        func pad(_ number: Int, _ width: Int, _ fill: String = "0") -> String {
            let digits = String(number)
            return String(repeating: fill, count: max(width - digits.count, 0)) + digits
        }
        let hour12 = (time.hour + 11) % 12 + 1
        switch Character(Unicode.Scalar(letter)) {
        case "a": return String(Self.days[time.weekday].prefix(3))
        case "A": return Self.days[time.weekday]
        case "b", "h": return String(Self.months[time.month - 1].prefix(3))
        case "B": return Self.months[time.month - 1]
        case "c":
            return ["a", "b", "e", "T", "Y"].map { text(UInt8(ascii: $0), time)! }.joined(separator: " ")
        case "C": return pad(time.year / 100, 2)
        case "d": return pad(time.day, 2)
        case "D", "x": return "\(pad(time.month, 2))/\(pad(time.day, 2))/\(pad(time.year % 100, 2))"
        case "e": return pad(time.day, 2, " ")
        case "f": return pad(time.microsecond, 6)
        case "F": return "\(time.year)-\(pad(time.month, 2))-\(pad(time.day, 2))"
        case "g": return pad(week(time).year % 100, 2)
        case "G": return String(week(time).year)
        case "H": return pad(time.hour, 2)
        case "I": return pad(hour12, 2)
        case "j": return pad(time.dayOfYear + 1, 3)
        case "k": return pad(time.hour, 2, " ")
        case "l": return pad(hour12, 2, " ")
        case "m": return pad(time.month, 2)
        case "M": return pad(time.minute, 2)
        case "n": return "\n"
        case "p": return time.hour < 12 ? "AM" : "PM"
        case "P": return time.hour < 12 ? "am" : "pm"
        case "r":
            return
                "\(pad(hour12, 2)):\(pad(time.minute, 2)):\(pad(time.second, 2)) \(time.hour < 12 ? "AM" : "PM")"
        case "R": return "\(pad(time.hour, 2)):\(pad(time.minute, 2))"
        case "s": return String(time.seconds)
        case "S": return pad(time.second, 2)
        case "t": return "\t"
        case "T", "X": return "\(pad(time.hour, 2)):\(pad(time.minute, 2)):\(pad(time.second, 2))"
        case "u": return String(time.weekday == 0 ? 7 : time.weekday)
        case "U": return pad((time.dayOfYear + 7 - time.weekday) / 7, 2)
        case "V": return pad(week(time).number, 2)
        case "w": return String(time.weekday)
        case "W": return pad((time.dayOfYear + 7 - (time.weekday + 6) % 7) / 7, 2)
        case "y": return pad(time.year % 100, 2)
        case "Y": return String(time.year)
        // The time has no zone for Python.
        case "z", "Z": return ""
        case "%": return "%"
        default: return nil
        }
    }

    /// ISO 8601's week and its year.
    private func week(_ time: Time) -> (year: Int, number: Int) {
        let weekday = (time.weekday + 6) % 7
        let number = (time.dayOfYear - weekday + 10) / 7
        if number < 1 { return (time.year - 1, weeks(time.year - 1)) }
        return number > weeks(time.year) ? (time.year + 1, 1) : (time.year, number)
    }

    /// How many weeks a year of ISO 8601 has.
    private func weeks(_ year: Int) -> Int {
        func lastDay(_ year: Int) -> Int { (year + year / 4 - year / 100 + year / 400) % 7 }
        return lastDay(year) == 4 || lastDay(year - 1) == 3 ? 53 : 52
    }
}
