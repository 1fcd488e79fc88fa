import Foundation

enum Timestamps {
    /// `2026-01-02 03:04:05`, in UTC.
    static func text(_ seconds: Int64) -> String {
        let style = Date.ISO8601FormatStyle(dateSeparator: .dash, dateTimeSeparator: .space, timeSeparator: .colon)
        return String(Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(style).prefix(19))
    }
}
