import CoveIdentity
import HTTPTypes

extension Platform {
    /// The hash of a password or secret that somebody chose.
    ///
    /// - Throws: ``HarborFailure`` that names the field, for one that breaks the rules.
    func hash(_ secret: String, of field: String) async throws -> String {
        do throws(PasswordRefusal) {
            try Passwords.check(secret)
        } catch {
            throw HarborFailure.badRequest("\(field): \(error)")
        }
        return try await busy { try await accounts.passwords.hash(secret) }
    }

    func verify(_ secret: String, against hash: String?) async throws -> Bool {
        try await busy { try await accounts.passwords.verify(secret, against: hash) }
    }

    private func busy<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch is Passwords.Overload {
            var failure = HarborFailure(
                .tooManyRequests, "TOO_MANY_REQUESTS", "too many passwords are being worked on; try again in a moment")
            failure.headers[.retryAfter] = "2"
            throw failure
        }
    }
}
