import CoveMetadata
import HTTPTypes
import HummingbirdCore
import Logging

/// Records who logged in and out with a browser, and who tried to.
struct LoginAudit: Sendable {
    enum Act: String, Sendable {
        case login, logout
    }

    private let metadata: MetadataStore
    private let logger: Logger
    /// Anybody can cause refusals, so there are only so many entries.
    private let strangers = AuditValve(most: 600, per: .seconds(60))

    init(metadata: MetadataStore, logger: Logger) {
        self.metadata = metadata
        self.logger = logger
    }

    /// Runs what logs somebody in, and records what comes of it.
    ///
    /// - Parameters:
    ///   - name: who says to be logging in; nil where that is not known before.
    ///   - body: returns nil for a login that goes on, else who logged in.
    func recording(
        _ exchange: Exchange, as name: String?, _ body: () async throws -> (response: Response, who: String?)
    ) async throws -> Response {
        do {
            let (response, who) = try await body()
            if let who { await record(.login, by: who, exchange, status: response.status) }
            return response
        } catch {
            let failure = LoginResponder.failure(error)
            if strangers.admits() { await record(.login, by: name ?? "anonymous", exchange, status: failure.status, failure.message) }
            throw error
        }
    }

    /// - Parameter problem: why it was refused; nil for what was done.
    func record(
        _ act: Act, by name: String, _ exchange: Exchange, status: HTTPResponse.Status, _ problem: String? = nil
    ) async {
        guard metadata.audit != nil else { return }
        var entry = AuditEntry(by: name, act.rawValue, "user", name)
        entry.status = status.code
        entry.succeeded = problem == nil
        entry.description = problem.map { "\(act.rawValue): \($0)" } ?? act.rawValue
        entry.address = exchange.clientAddress
        entry.userAgent = exchange.headers[.userAgent]
        entry.requestID = exchange.requestID
        do {
            try await metadata.write { [entry] in try $0.audit(entry) }
        } catch {
            logger.error(
                "could not record a login in the audit log",
                metadata: ["reason": "\(error)", "operator": "\(name)", "event": "\(entry.eventType)"])
        }
    }
}
