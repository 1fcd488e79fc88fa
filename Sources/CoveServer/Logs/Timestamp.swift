import CLinux
import Foundation
import Synchronization

/// Times as text. The calendar is worked out once a second, not once a request.
enum Timestamp {
    private struct Cache: Sendable {
        var second: Int = -1
        var iso = ""
        var http = ""
    }

    private static let cache = Mutex(Cache())

    /// RFC 3339 in UTC with milliseconds.
    static func now() -> String {
        let (seconds, nanoseconds) = cove_wall_clock().quotientAndRemainder(dividingBy: 1_000_000_000)
        let milliseconds = nanoseconds / 1_000_000
        let padding = milliseconds < 10 ? "00" : milliseconds < 100 ? "0" : ""
        return "\(texts(of: Int(seconds)).iso).\(padding)\(milliseconds)Z"
    }

    /// The form of the `Date` header (RFC 9110 section 5.6.7).
    static func httpDate() -> String {
        texts(of: Int(cove_wall_clock() / 1_000_000_000)).http
    }

    private static func texts(of second: Int) -> (iso: String, http: String) {
        cache.withLock { cache in
            if cache.second != second { cache = make(second) }
            return (cache.iso, cache.http)
        }
    }

    private static func make(_ second: Int) -> Cache {
        var time = second
        var parts = tm()
        gmtime_r(&time, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let year = Int(parts.tm_year) + 1900
        let clock = "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))"
        return Cache(
            second: second, iso: "\(year)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))T\(clock)",
            http:
                "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(year) \(clock) GMT")
    }
}
