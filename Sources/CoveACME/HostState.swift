import Foundation

/// What is remembered of a host's certificate beside it, over restarts and for all nodes. Times are in seconds since 1970.
struct HostState: Codable, Sendable, Equatable {
    /// Where the certificate, or the attempts to get one, are from.
    var directory: String
    /// Attempts in a row that got nothing.
    var failures = 0
    /// No order before this.
    var notBefore = 0
    /// Whether it is the authority that wants to be left alone.
    var isLimited = false
    /// What went wrong last.
    var reason: String?
    /// When the authority suggests to renew (RFC 9773), and when to ask it again.
    var suggested: Int?
    var askAgain: Int?

    init(directory: String) {
        self.directory = directory
    }
}

/// What is remembered of the account.
struct AccountState: Codable, Sendable, Equatable {
    let directory: String
    /// Of the key (RFC 7638).
    let thumbprint: String
    let email: String?
    let url: String
}

/// How a host's certificate is, for whoever watches.
package struct HostReport: Encodable, Sendable {
    package let host: String
    /// RFC 3339; nil while there is no certificate.
    package let expires: String?
    package let renewal: String?
    package let failures: Int
    package let error: String?
    /// Before which nothing is tried, after a failure.
    package let nextAttempt: String?
}
