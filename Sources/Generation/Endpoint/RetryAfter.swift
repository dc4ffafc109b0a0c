import Foundation
import HTTP

/// The time that a server asks to wait: `retry-after-ms` (OpenAI, Azure), `Retry-After` in seconds or as a date (RFC 9110,
/// section 10.2.3), or when a rate limit that is used up is reset.
enum RetryAfter {
    /// Seconds, none for a time that has passed; nil where nothing is asked for.
    static func seconds(of reply: HTTPReply, now: Date = Date()) -> Double? {
        for name in ["retry-after-ms", "x-ms-retry-after-ms"] {
            if let milliseconds = reply.count(name) { return Double(milliseconds) / 1000 }
        }
        if let text = reply["retry-after"] {
            if let seconds = Double(text), seconds.isFinite { return max(0, seconds) }
            if let date = date(text) { return max(0, date.timeIntervalSince(now)) }
        }
        guard reply.status == 429 else { return nil }
        return ["requests", "tokens"].compactMap { kind -> Double? in
            guard reply.count("x-ratelimit-remaining-\(kind)") ?? 0 == 0 else { return nil }
            return reply["x-ratelimit-reset-\(kind)"].flatMap(duration)
        }.max()
    }

    /// Seconds of `55`, `120ms`, `1.5s` or `6m0s`.
    static func duration(_ text: String) -> Double? {
        if let seconds = Double(text), seconds.isFinite, seconds >= 0 { return seconds }
        guard text.wholeMatch(of: /(?:\d+(?:\.\d+)?(?:ms|h|m|s))+/) != nil else { return nil }
        var sum = 0.0
        for part in text.matches(of: /(\d+(?:\.\d+)?)(ms|h|m|s)/) {
            let unit =
                switch part.2 {
                case "ms": 0.001
                case "m": 60.0
                case "h": 3600.0
                default: 1.0
                }
            sum += (Double(part.1) ?? 0) * unit
        }
        return sum
    }

    /// Seconds that a message names, as in "Please try again in 120ms" and "Please retry after 45 seconds".
    static func seconds(inMessage text: String) -> Double? {
        let pattern =
            /(?:try again|retry)(?: after| in)? (\d+(?:\.\d+)?)\s?(ms|milliseconds?|seconds?|s|minutes?|m)\b/
            .ignoresCase()
        guard let match = text.firstMatch(of: pattern), let number = Double(match.1) else { return nil }
        let unit = match.2.lowercased()
        return number * (unit.hasPrefix("mil") || unit == "ms" ? 0.001 : unit.hasPrefix("m") ? 60 : 1)
    }

    /// The three forms of a date in HTTP.
    static func date(_ text: String) -> Date? {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        for format in [
            "EEE, dd MMM yyyy HH:mm:ss zzz", "EEEE, dd-MMM-yy HH:mm:ss zzz", "EEE MMM d HH:mm:ss yyyy",
        ] {
            formatter.dateFormat = format
            if let date = formatter.date(from: text) { return date }
        }
        return nil
    }
}
