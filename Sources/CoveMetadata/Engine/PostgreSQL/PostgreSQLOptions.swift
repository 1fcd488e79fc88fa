/// How to reach a PostgreSQL database and how long to wait for it.
package struct PostgreSQLOptions: Sendable {
    /// What libpq takes: `postgresql://user:password@host:port/database?sslmode=verify-full&…`.
    package var url: String
    /// Most connections at once, beside one for each cluster-wide lock that is held.
    package var maximumConnections = 10
    /// A statement that takes longer is ended.
    package var statementTimeout = Duration.seconds(10)
    /// A statement that waits longer for another transaction is ended.
    package var lockTimeout = Duration.seconds(5)
    package var connectTimeout = Duration.seconds(5)
    /// Whether a commit is on disk when it is acknowledged; false is `synchronous_commit = off`.
    package var synchronous = true

    package init(url: String) {
        self.url = url
    }

    /// `text` with the URL's password left out: libpq quotes a URL that it cannot read.
    func withoutPassword(_ text: String) -> String {
        guard let userInfo = url.firstRange(of: "://").map({ url[$0.upperBound...].prefix { $0 != "/" && $0 != "?" } }),
            let at = userInfo.lastIndex(of: "@"), let colon = userInfo[..<at].firstIndex(of: ":")
        else { return text }
        let password = userInfo[userInfo.index(after: colon)..<at]
        return password.isEmpty ? text : text.replacing(password, with: "<hidden>")
    }
}
