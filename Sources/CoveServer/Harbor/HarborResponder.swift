import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore
import Logging

/// Harbor's API v2.0, below `/api/v2.0`.
struct HarborResponder: Sendable {
    static let prefix = "/api/v2.0"

    private let routes = HarborRoutes()
    private let handlers: [HarborOperation: HarborHandler]
    private let platform: Platform
    private let audit: HarborAudit

    init(platform: Platform) {
        self.platform = platform
        audit = HarborAudit(metadata: platform.metadata, logger: platform.logger)
        handlers = HarborMapping.groups(platform).reduce(into: [:]) { all, group in all.merge(group.handlers) { _, new in new } }
    }

    /// What may be asked without logging in; each of them looks at what it may say to whom.
    private static let open: Set<HarborOperation> = [
        .getPing, .getHealth, .getSystemInfo, .search, .listProjects, .headProject, .getProject, .getProjectSummary, .listRepositories,
        .listAllRepositories, .getRepository, .listArtifacts, .listArtifactsOfProject, .getArtifact, .listTags, .listAccessories,
        .getAddition, .getVulnerabilitiesAddition, .listLabels, .getLabelByID, .getIcon, .getCert, .listProjectMetadatas,
        .getProjectMetadata, .createUser, .explainAccess,
    ]

    /// - Parameter path: below the prefix.
    func respond(_ exchange: Exchange, path: Substring) async -> Response {
        var response: Response
        do {
            response = try await answer(exchange, path)
        } catch {
            let failure = HarborFailure(error)
            if let cause = failure.cause {
                platform.logger.error("failed", metadata: ["reason": "\(cause)", "request_id": "\(exchange.requestID)"])
            }
            response = failure.response
            if case .found(let match) = routes.match(exchange.method, path), match.endpoint.isText {
                response.headers[.contentType] = "text/plain; charset=utf-8"
            }
        }
        await CSRFGuard(sessions: platform.sessions).dress(&response, exchange, path: path)
        return response
    }

    private func answer(_ exchange: Exchange, _ path: Substring) async throws -> Response {
        let match: HarborRoutes.Match
        switch routes.match(exchange.method, path) {
        case .found(let found): match = found
        case .otherMethods(let methods):
            let list = methods.map(\.rawValue).joined(separator: ", ")
            var failure = HarborFailure(
                .methodNotAllowed, "METHOD_NOT_ALLOWED", "\(exchange.method.rawValue) is not supported here; use one of \(list)")
            failure.headers[.allow] = list
            throw failure
        case .unknown: throw HarborFailure.notFound("there is no '\(path.prefix(200))' in this API")
        }
        let principal = try await principal(match, exchange)
        guard let handler = handlers[match.operation] else {
            throw HarborFailure(
                .notImplemented, "NOT_IMPLEMENTED",
                "\(match.operation.rawValue) (\(match.endpoint.group)) is not implemented by this version")
        }
        let call = HarborCall(
            exchange: exchange, operation: match.operation, endpoint: match.endpoint, parameters: match.parameters,
            principal: principal, rights: try await platform.accounts.rights(of: principal), platform: platform)
        return try await audit.recording(match, exchange, by: principal) { try await unlessReadOnly(match) { try await handler(call) } }
    }

    /// Who asks; whoever may not ask at all is refused here, and so is what the description would not have.
    private func principal(_ match: HarborRoutes.Match, _ exchange: Exchange) async throws(HarborFailure) -> Principal {
        var principal: Principal?
        do throws(HarborFailure) {
            let asker = try await platform.authenticator.principal(exchange)
            principal = asker
            if asker.isAnonymous, !Self.open.contains(match.operation) { throw HarborFailure.unauthorized() }
            try Self.check(match, exchange)
            return asker
        } catch {
            await audit.recordRefusal(error, of: match, exchange, by: principal)
            throw error
        }
    }

    /// Runs a handler. In read-only mode its first attempt to change something ends it: whether whoever asks may do this, and whether
    /// what they ask is right, is told before.
    private func unlessReadOnly(_ match: HarborRoutes.Match, _ handle: () async throws -> Response) async throws -> Response {
        // Setting it back ends this state.
        guard platform.settings.boolean(.readOnly), match.operation != .updateConfigurations else { return try await handle() }
        let ban = WriteBan()
        let result: Result<Response, any Error>
        do {
            result = .success(try await WriteBan.$current.withValue(ban, operation: handle))
        } catch {
            result = .failure(error)
        }
        guard !ban.wasMet else {
            throw HarborFailure(
                .forbidden, "DENIED", "the system is in read only mode: nothing can be changed until 'read_only' is set to false")
        }
        return try result.get()
    }

    /// Refuses parameters that the description would not have.
    private static func check(_ match: HarborRoutes.Match, _ exchange: Exchange) throws(HarborFailure) {
        for parameter in match.endpoint.parameters {
            let text = match.parameters[parameter.name] ?? exchange.parameter(parameter.name)
            guard let text, !text.isEmpty else {
                if parameter.isRequired { throw .badRequest("\(parameter.name): the parameter is required") }
                continue
            }
            let name = parameter.name
            guard text.utf8.count <= 4096, !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
                throw .badRequest("\(name): longer than 4096 bytes, or with control characters")
            }
            switch parameter.kind {
            case .string:
                guard parameter.values.isEmpty || parameter.values.contains(text) else {
                    throw .badRequest("\(name): '\(text.prefix(60))' is not one of \(parameter.values.joined(separator: ", "))")
                }
            case .integer:
                guard let number = Int64(text), number >= parameter.minimum ?? .min, number <= parameter.maximum ?? .max else {
                    let low = parameter.minimum.map { ", at least \($0)" } ?? ""
                    let high = parameter.maximum.map { ", at most \($0)" } ?? ""
                    throw .badRequest("\(name): '\(text.prefix(60))' is not a whole number\(low)\(high)")
                }
            case .boolean:
                guard ["true", "false", "1", "0"].contains(text.lowercased()) else {
                    throw .badRequest("\(name): '\(text.prefix(60))' is neither true nor false")
                }
            }
        }
    }
}
