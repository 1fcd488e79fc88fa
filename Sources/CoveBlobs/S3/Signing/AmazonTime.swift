import Foundation

/// Times in the forms in which AWS writes and wants them, always UTC.
enum AmazonTime {
    /// `20130524T000000Z`, the form of `X-Amz-Date`.
    static func stamp(_ time: Date) -> String {
        let parts = parts(of: time)
        return "\(day(time))T\(padded(parts.tm_hour))\(padded(parts.tm_min))\(padded(parts.tm_sec))Z"
    }

    /// `20130524`
    static func day(_ time: Date) -> String {
        let parts = parts(of: time)
        return "\(Int(parts.tm_year) + 1900)\(padded(parts.tm_mon + 1))\(padded(parts.tm_mday))"
    }

    /// Reads `2009-10-12T17:50:30.000Z`; fractions of a second are dropped.
    static func parse(iso text: String) -> Date? {
        guard let match = text.wholeMatch(of: /(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|\+00:?00)/) else { return nil }
        return date(
            year: match.output.1, month: Int32(match.output.2), day: match.output.3, hour: match.output.4,
            minute: match.output.5, second: match.output.6)
    }

    /// Reads `Wed, 12 Oct 2009 17:50:30 GMT` (RFC 9110 section 5.6.7).
    static func parse(http text: String) -> Date? {
        guard let match = text.wholeMatch(of: /[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT/) else { return nil }
        let month = months.firstIndex(of: String(match.output.2)).map { Int32($0) + 1 }
        return date(
            year: match.output.3, month: month, day: match.output.1, hour: match.output.4, minute: match.output.5,
            second: match.output.6)
    }

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    private static func date(
        year: Substring, month: Int32?, day: Substring, hour: Substring, minute: Substring, second: Substring
    ) -> Date? {
        guard let year = Int32(year), let month, let day = Int32(day), let hour = Int32(hour), let minute = Int32(minute),
            let second = Int32(second)
        else { return nil }
        var parts = tm()
        parts.tm_year = year - 1900
        parts.tm_mon = month - 1
        parts.tm_mday = day
        parts.tm_hour = hour
        parts.tm_min = minute
        parts.tm_sec = second
        return Date(timeIntervalSince1970: TimeInterval(timegm(&parts)))
    }

    private static func parts(of time: Date) -> tm {
        var seconds = time_t(time.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return parts
    }

    private static func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
