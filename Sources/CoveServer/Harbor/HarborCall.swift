import CoveIdentity
import CoveMetadata
import CoveOCI
import HTTPTypes
import HummingbirdCore
import NIOCore

/// A request of Harbor's API on its way to a handler.
struct HarborCall: Sendable {
    let exchange: Exchange
    let operation: HarborOperation
    let endpoint: HarborEndpoint
    /// Parameters of the path, decoded once and of the kind that the description says.
    let parameters: [String: String]
    let principal: Principal
    let rights: Rights
    let platform: Platform

    // MARK: - What was sent

    /// A parameter of the path.
    func path(_ name: String) -> String { parameters[name] ?? "" }

    /// A whole number of the path.
    func id(_ name: String) throws(HarborFailure) -> Int64 {
        guard let id = Int64(path(name)) else { throw .badRequest("\(name): '\(path(name).prefix(60))' is not a whole number") }
        return id
    }

    /// A parameter of the query; nil when it is absent or empty.
    func query(_ name: String) -> String? {
        exchange.parameter(name).flatMap { $0.isEmpty ? nil : $0 }
    }

    func flag(_ name: String) -> Bool? {
        query(name).map { ["true", "1", "t", "yes"].contains($0.lowercased()) }
    }

    func integer(_ name: String) -> Int64? { query(name).flatMap { Int64($0) } }

    /// The repository of a path: `repository_name` is encoded twice by most clients and once by some.
    func repositoryName() throws(HarborFailure) -> RepositoryName {
        let text = path("project_name") + "/" + PercentCoding.decode(path("repository_name"))
        do {
            return try RepositoryName(parsing: text)
        } catch {
            throw .badRequest(OCIFailure.badName(text, error).message)
        }
    }

    /// Page, filter and order as asked for.
    ///
    /// - Throws: ``HarborFailure`` that names the parameter.
    func list() throws(HarborFailure) -> ListQuery {
        var query = ListQuery()
        if let page = try number("page", 1...10_000_000) { query.page = page }
        if let size = try number("page_size", 1...ListQuery.largestPage) { query.pageSize = size }
        do {
            if let q = self.query("q") { try query.filter(q) }
            if let sort = self.query("sort") { try query.sort(sort) }
        } catch {
            throw .badRequest(error.description)
        }
        return query
    }

    private func number(_ name: String, _ range: ClosedRange<Int>) throws(HarborFailure) -> Int? {
        guard let text = query(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw .badRequest("\(name): '\(text.prefix(40))' is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// The body, checked against the description.
    func body<Model: HarborModel>(_ model: Model.Type) async throws -> Model {
        try HarborBody.decode(try await bytes(), as: model)
    }

    /// The body as sent, at most 1 MiB.
    func bytes() async throws -> ByteBuffer {
        guard let bytes = try await exchange.body.collect(upTo: HarborBody.largest) else {
            throw HarborFailure(.contentTooLarge, "BAD_REQUEST", "the body is larger than the limit of \(HarborBody.largest) bytes (1 MiB)")
        }
        if let trail = AuditTrail.current, let name = HarborBody.name(in: bytes) { trail.suggest(name) }
        return bytes
    }

    // MARK: - Leave

    /// - Throws: ``HarborFailure``: 401 for nobody, 403 for somebody who may not.
    func require(_ action: Permission.Action, _ resource: Permission.Resource, in scope: Rights.Scope) throws(HarborFailure) {
        guard rights.allows(Permission(action, resource), in: scope) else { throw refusal(action, resource) }
    }

    func requireLogin() throws(HarborFailure) {
        if principal.isAnonymous { throw .unauthorized() }
    }

    func requireAdministrator() throws(HarborFailure) {
        try requireLogin()
        guard rights.isAdministrator else { throw .forbidden("only a system administrator may do this") }
    }

    /// The project that `project_name_or_id` or `project_name` names. Whether there is one is told only to who may see it.
    ///
    /// - Parameter suffices: what is enough beside that right: a right to a part of the project.
    /// - Throws: ``HarborFailure``: as ``require(_:_:in:)`` also for a project that is not there, but 404 for administrators.
    func project(
        _ action: Permission.Action = .read, _ resource: Permission.Resource = .project,
        or suffices: (ProjectRecord) -> Bool = { _ in false }
    ) async throws -> ProjectRecord {
        let text = parameters["project_name_or_id"] ?? path("project_name")
        let isName = parameters["project_name_or_id"] == nil || exchange.headers[.isResourceName]?.lowercased() == "true"
        let found: ProjectRecord? = try await platform.metadata.read { store in
            if !isName, let id = Int64(text), let project = try store.project(id) { return .some(project) }
            return try store.project(named: text)
        }
        guard let found else {
            if rights.isAdministrator || rights.isAuditor { throw HarborFailure.notFound("there is no project '\(text.prefix(255))'") }
            throw refusal(action, resource)
        }
        if !suffices(found) { try require(action, resource, in: found.scope) }
        return found
    }

    func refusal(_ action: Permission.Action, _ resource: Permission.Resource) -> HarborFailure {
        if principal.isAnonymous { return .unauthorized() }
        return .forbidden("'\(principal.name)' may not \(action.rawValue) \(resource.rawValue) here, or it is not there")
    }

    // MARK: - Answers

    /// A page of a list, with `X-Total-Count` and `Link` (RFC 8288).
    func page(_ items: [some Encodable], total: Int64, of query: ListQuery) -> Response {
        .json(items, headers: pageHeaders(total, query))
    }

    func pageHeaders(_ total: Int64, _ query: ListQuery) -> HTTPFields {
        var headers: HTTPFields = [.totalCount: String(total)]
        var links: [String] = []
        if query.page > 1 { links.append("<\(pageURL(query.page - 1, query.pageSize))>; rel=\"prev\"") }
        if Int64(query.page) * Int64(query.pageSize) < total {
            links.append("<\(pageURL(query.page + 1, query.pageSize))>; rel=\"next\"")
        }
        if !links.isEmpty { headers[.link] = links.joined(separator: " , ") }
        return headers
    }

    private func pageURL(_ page: Int, _ size: Int) -> String {
        let kept = exchange.query.split(separator: "&").filter { !$0.hasPrefix("page=") && !$0.hasPrefix("page_size=") }
        return "\(exchange.path)?" + (kept.map(String.init) + ["page=\(page)", "page_size=\(size)"]).joined(separator: "&")
    }

    /// 201 with where what was made is: below `/api/v2.0`; by its name when `X-Resource-Name-In-Location` asks for that.
    func created(at path: String) -> Response { .empty(.created, headers: [.location: "/api/v2.0\(path)"]) }

    var wantsNameInLocation: Bool { exchange.headers[.resourceNameInLocation]?.lowercased() == "true" }
}

extension ProjectRecord {
    /// Where rights to it are looked for.
    var scope: Rights.Scope { .project(id: id, name: name, isPublic: isPublic) }
}

extension HTTPField.Name {
    static let totalCount = HTTPField.Name("X-Total-Count") ?? .server
    static let isResourceName = HTTPField.Name("X-Is-Resource-Name") ?? .server
    static let resourceNameInLocation = HTTPField.Name("X-Resource-Name-In-Location") ?? .server
}
