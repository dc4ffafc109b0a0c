import Foundation

/// A human-readable time: `4.2 s`, `42 s`, `3 min 05 s`, `2 h 10 min`.
public func durationText(_ seconds: Double) -> String {
    if seconds < 9.95 { return String(format: "%.1f s", max(0, seconds)) }
    // Estimates can be absurd; an Int cannot hold every Double.
    let whole = Int(min(seconds, 1e12).rounded())
    if whole < 60 { return "\(whole) s" }
    return whole < 3600
        ? String(format: "%d min %02d s", whole / 60, whole % 60)
        : String(format: "%d h %02d min", whole / 3600, whole % 3600 / 60)
}
