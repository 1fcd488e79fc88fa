import Foundation
import Logging

/// Somewhere that credentials may come from.
protocol CredentialSource: Sendable {
    /// - Returns: nil when this source is not set up, and another may be asked.
    func load() async throws(S3Error) -> S3Credentials?
}

/// Keeps the credentials in use and has temporary ones renewed before they end, by one request at a time however many
/// wait for it.
actor CredentialStore {
    /// How long before their end temporary credentials are renewed.
    private static let margin: TimeInterval = 5 * 60
    /// How long a failed renewal is not tried again, while the old ones hold.
    private static let patience: TimeInterval = 30

    private let source: any CredentialSource
    private let logger: Logger
    private var held: S3Credentials?
    private var renewal: Task<Result<S3Credentials, S3Error>, Never>?
    private var lastFailure = Date.distantPast

    init(source: any CredentialSource, logger: Logger) {
        self.source = source
        self.logger = logger
    }

    /// Credentials that hold now.
    ///
    /// - Throws: ``S3Error/noCredentials(_:)``, or what a source that is set up throws.
    func current() async throws(S3Error) -> S3Credentials {
        guard let held else { return try await renew() }
        guard let expiration = held.expiration else { return held }
        let rest = expiration.timeIntervalSinceNow
        if rest > Self.margin { return held }
        // Until they end, nobody has to wait for others, or to fail because a renewal did.
        if rest > 0, renewal != nil || -lastFailure.timeIntervalSinceNow < Self.patience { return held }
        do {
            return try await renew()
        } catch {
            guard rest > 0 else { throw error }
            lastFailure = Date()
            logger.warning("could not renew S3 credentials; those at hand still hold", metadata: ["error": "\(error)"])
            return held
        }
    }

    /// Has credentials that the service does not accept any more loaded anew, unless somebody else has.
    func forget(_ refused: S3Credentials) {
        if held == refused { held = nil }
    }

    private func renew() async throws(S3Error) -> S3Credentials {
        // Not a child of whichever request happens to be first: its end must not be the others'.
        let task =
            renewal
            ?? Task { [source] in
                do throws(S3Error) {
                    guard let fresh = try await source.load() else { throw S3Error.noCredentials("no source of credentials is set up") }
                    return .success(fresh)
                } catch {
                    return .failure(error)
                }
            }
        renewal = task
        let result = await task.value
        if renewal == task { renewal = nil }
        held = try result.get()
        return try result.get()
    }
}
