import Foundation

/// When a certificate is renewed, and when a failed attempt is repeated.
enum RenewalSchedule {
    /// When a third of its life is left, or up to a thirtieth of it before, so that what was obtained together is not renewed
    /// together. An authority may ask for an earlier moment (RFC 9773), but not for a later one.
    static func renewal(of bundle: CertificateBundle, suggested: Date?) -> Date {
        let life = bundle.notAfter.timeIntervalSince(bundle.notBefore)
        let usual = bundle.notAfter.addingTimeInterval(-life / 3 - life / 30 * bundle.fraction)
        return min(usual, suggested ?? .distantFuture)
    }

    /// How long after a success the next order may follow at the earliest, whatever the certificate and the clocks say: a
    /// certificate that seems to have ended the moment it is issued must not be ordered again and again.
    static func rest(after bundle: CertificateBundle) -> TimeInterval {
        min(3600, max(1, bundle.notAfter.timeIntervalSince(bundle.notBefore) / 3))
    }

    /// How long to wait after a failure. Let's Encrypt allows five failed validations of a host an hour, so what somebody has
    /// to mend is tried after a quarter of an hour, then after twice that and so on, to half a day; what may pass by itself
    /// after a minute, to an hour.
    ///
    /// - Parameters:
    ///   - failures: in a row, this one included.
    ///   - random: 0 to 1.
    static func wait(after error: ACMEError, failures: Int, random: Double) -> TimeInterval {
        let (first, most): (Double, Double) =
            switch error.kind {
            case .unavailable: (60, 3600)
            case .refused, .invalidAnswer, .storage: (900, 43_200)
            case .rateLimited: (3600, 43_200)
            }
        let usual = min(most, first * pow(2, Double(min(max(failures, 1), 20) - 1)))
        // Never shorter than the authority says.
        return max(usual * (0.9 + 0.2 * random), error.retryAfter.map { Double($0.components.seconds) * (1 + 0.1 * random) } ?? 0)
    }

    /// A moment by chance in the time that the authority suggests (RFC 9773 section 4.2); nil when it is not one.
    static func moment(in window: RenewalInfo.Window, random: Double) -> Date? {
        guard let start = date(window.start), let end = date(window.end), start <= end else { return nil }
        return start.addingTimeInterval(end.timeIntervalSince(start) * random)
    }

    private static func date(_ text: String) -> Date? {
        (try? Date(text, strategy: .iso8601)) ?? (try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true)))
    }
}
