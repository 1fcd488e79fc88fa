import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore
import Logging
import Synchronization

/// Records what is done, and refused, through Harbor's API.
struct HarborAudit: Sendable {
    private let metadata: MetadataStore
    private let logger: Logger
    /// Entries about who did not log in: anybody can cause them, so there are only so many.
    private let strangers = AuditValve(most: 600, per: .seconds(60))

    init(metadata: MetadataStore, logger: Logger) {
        self.metadata = metadata
        self.logger = logger
    }

    /// Runs a handler. Where it changes something, the transaction that does so records it; a refusal gets an entry of its own.
    func recording(
        _ match: HarborRoutes.Match, _ exchange: Exchange, by principal: Principal, _ handle: () async throws -> Response
    ) async throws -> Response {
        guard metadata.audit != nil, let entry = Self.entry(match, exchange, by: principal.name) else { return try await handle() }
        let trail = AuditTrail(entry)
        let response: Response
        do {
            response = try await AuditTrail.$current.withValue(trail, operation: handle)
        } catch {
            await record(HarborFailure(error), trail.entry)
            throw error
        }
        if !trail.isRecorded {
            var entry = trail.entry
            entry.status = response.status.code
            entry.succeeded = response.status.code < 400
            await write(entry)
        }
        return response
    }

    /// Records a request that did not come as far as to its handler.
    func recordRefusal(_ failure: HarborFailure, of match: HarborRoutes.Match, _ exchange: Exchange, by principal: Principal?) async {
        guard metadata.audit != nil, failure.status != .notImplemented else { return }
        let claimed = exchange.headers[.authorization].flatMap { BasicCredentials(authorizationHeader: $0)?.user }
        guard let entry = Self.entry(match, exchange, by: principal?.name ?? claimed ?? Principal.anonymous.name) else { return }
        guard principal.map({ !$0.isAnonymous }) ?? false || strangers.admits() else { return }
        await record(failure, entry)
    }

    private func record(_ failure: HarborFailure, _ entry: AuditEntry) async {
        var entry = entry
        entry.status = failure.status.code
        entry.succeeded = false
        entry.description += ": \(failure.message)"
        await write(entry)
    }

    private func write(_ entry: AuditEntry) async {
        do {
            try await metadata.write { try $0.audit(entry) }
        } catch {
            logger.error(
                "could not record a request in the audit log",
                metadata: ["reason": "\(error)", "operator": "\(entry.operator)", "event": "\(entry.eventType)"])
        }
    }

    private static func entry(_ match: HarborRoutes.Match, _ exchange: Exchange, by name: String) -> AuditEntry? {
        guard let kind = AuditedOperations.kind(of: match.operation) else { return nil }
        let parameters = match.parameters
        let project = parameters["project_name"] ?? parameters["project_name_or_id"]
        var entry = AuditEntry(by: name, kind.operation, kind.resourceType, resource(match) ?? "")
        let isName = parameters["project_name_or_id"] == nil || exchange.headers[.isResourceName]?.lowercased() == "true"
        if let project, !isName, let id = Int64(project) {
            entry.projectID = id
        } else {
            entry.project = project
        }
        entry.status = match.endpoint.method == .post ? 201 : 200
        entry.description = "\(kind.operation) \(kind.resourceType.replacing("_", with: " "))"
        entry.address = exchange.clientAddress
        entry.userAgent = exchange.headers[.userAgent]
        entry.requestID = exchange.requestID
        return entry
    }

    /// What the path is about: an artifact by its whole name, anything else by the last parameter.
    private static func resource(_ match: HarborRoutes.Match) -> String? {
        let parameters = match.parameters
        if let project = parameters["project_name"], let repository = parameters["repository_name"] {
            let name = "\(project)/\(PercentCoding.decode(repository))"
            if let tag = parameters["tag_name"] { return "\(name):\(tag)" }
            guard let reference = parameters["reference"] else { return name }
            return name + (reference.contains(":") ? "@" : ":") + reference
        }
        let names = match.endpoint.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { String($0.dropFirst().dropLast()) }
        return names.last.flatMap { parameters[$0] }
    }
}

/// Lets so many through in a span of time, and no more.
final class AuditValve: Sendable {
    private let most: Int
    private let span: Duration
    private let state: Mutex<(began: ContinuousClock.Instant, count: Int)>

    init(most: Int, per span: Duration) {
        self.most = most
        self.span = span
        state = Mutex((.now, 0))
    }

    func admits() -> Bool {
        state.withLock { state in
            if ContinuousClock.now - state.began > span { state = (.now, 0) }
            state.count += 1
            return state.count <= most
        }
    }
}

extension HarborCall {
    /// Says in whose name the audit log keeps this request, where that is not in its path. Say it before the transaction that
    /// changes something ends; what a body calls `name`, `username` or `group_name` is known without.
    ///
    /// - Parameter project: the name of the project that it belongs to; nil for the one in the path.
    func audited(as resource: String, inProject project: String? = nil) {
        AuditTrail.current?.name(resource, inProject: project)
    }
}
