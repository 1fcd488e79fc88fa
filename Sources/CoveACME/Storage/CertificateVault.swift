/// Where certificates, the account's key and challenges under way are kept: entries by name, each replaced as a whole.
package protocol CertificateVault: Sendable {
    /// - Returns: those of the entries that there are.
    func load(_ names: [String]) async throws(ACMEError) -> [String: [UInt8]]
    /// Returns once the entry survives a power cut.
    func save(_ bytes: [UInt8], as name: String) async throws(ACMEError)
    func remove(_ name: String) async throws(ACMEError)
    /// Runs `body` unless somebody who shares the entries, on any node, is running one.
    func exclusively(_ body: () async throws -> Void) async throws
    /// How often entries are looked at.
    var interval: Duration { get }
}

/// The names of entries. Those that Go's autocert has, too, are spelled as there, so that registry:2's are read, and Cove's
/// by registry:2.
enum VaultEntry {
    static let accountKey = "acme_account+key"
    static let account = "acme_account+state"

    /// The key and the chain.
    static func certificate(_ host: String) -> String { host }
    static func state(_ host: String) -> String { "\(host)+state" }
    static func challenge(_ host: String) -> String { "\(host)+challenge" }
}
