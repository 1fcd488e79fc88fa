import Crypto
import Foundation

/// Logins that were verified not long ago, by a keyed hash: memory holds neither passwords nor what could be searched
/// for them without this process's key.
struct VerdictCache {
    typealias Key = Data

    static let lifetime = Duration.seconds(600)
    static let capacity = 10_000

    private var expiries: [Key: ContinuousClock.Instant] = [:]

    var count: Int { expiries.count }

    /// The key of a login, nil when user or password holds a NUL: it separates the two.
    static func key(user: String, password: String, secret: SymmetricKey) -> Key? {
        guard !user.utf8.contains(0), !password.utf8.contains(0) else { return nil }
        var hmac = HMAC<SHA256>(key: secret)
        hmac.update(data: Array(user.utf8) + [0] + Array(password.utf8))
        return Data(hmac.finalize())
    }

    func isVerified(_ key: Key, at now: ContinuousClock.Instant) -> Bool {
        expiries[key].map { now < $0 } ?? false
    }

    mutating func insert(_ key: Key, at now: ContinuousClock.Instant) {
        if expiries.count >= Self.capacity, expiries[key] == nil {
            expiries = expiries.filter { now < $0.value }
            // A scan of 10 000 entries is nothing beside the bcrypt that came before it.
            if expiries.count >= Self.capacity, let oldest = expiries.min(by: { $0.value < $1.value }) {
                expiries[oldest.key] = nil
            }
        }
        expiries[key] = now + Self.lifetime
    }

    mutating func removeAll() {
        expiries = [:]
    }
}
