import CoveIdentity
import CoveMetadata
import CoveOCI
import HTTPTypes
import HummingbirdCore

extension ProjectGroup {
    func create(_ call: HarborCall) async throws -> Response {
        let owner = try await self.owner(call)
        let body = try await call.body(Harbor.ProjectReq.self)
        let name = try Self.name(body.projectName)
        call.audited(as: name, inProject: name)
        try Self.refuseRegistry(body)
        var settings = try ProjectSettings.check(body.metadata?.values ?? [:])
        let isPublic = settings.removeValue(forKey: ProjectSettings.isPublic).map { $0 == "true" } ?? body.public ?? false
        let allowlist = try body.cveAllowlist?.names(field: "cve_allowlist.")
        let limit = try limit(body, call)
        let id = try await platform.accounts.change { [settings] store in
            guard let id = try store.insertProject(name, owner: owner, isPublic: isPublic) else {
                throw HarborFailure.conflict("there is a project '\(name)' already")
            }
            try store.setProjectMetadata(settings, ofProject: id)
            if let allowlist { try store.setCVEAllowlist(allowlist, expiresAt: body.cveAllowlist?.expiresAt, ofProject: id) }
            if limit != -1 { try store.setStorageLimit(limit, ofProject: id) }
            if let owner { _ = try store.insertMember(.account(owner), role: ProjectRole.projectAdmin.rawValue, ofProject: id) }
            return id
        }
        return call.created(at: "/projects/\(call.wantsNameInLocation ? name : String(id))")
    }

    /// Whose a new project is: of whoever makes it, or of who made the robot that does; nil for a robot of nobody.
    ///
    /// - Throws: ``HarborFailure`` for who may make none.
    private func owner(_ call: HarborCall) async throws -> Int64? {
        switch call.principal.identity {
        case .anonymous: throw HarborFailure.unauthorized()
        case .account(let id):
            if call.rights.isAdministrator { return id }
            guard platform.settings.string(.projectCreationRestriction) == "everyone" else {
                throw HarborFailure.forbidden("only a system administrator makes projects here (project_creation_restriction)")
            }
            return id
        case .robot(let id):
            try call.require(.create, .systemProject, in: .system)
            return try await platform.metadata.read { try $0.robot(id)?.creatorID }
        }
    }

    /// A project's name is the first part of its repositories' names.
    private static func name(_ text: String?) throws(HarborFailure) -> String {
        guard let text, !text.isEmpty else { throw .badRequest("project_name: it is required") }
        guard !text.contains("/"), (try? RepositoryName(parsing: text)) != nil else {
            throw .badRequest(
                "project_name: '\(text.prefix(60))' is not 1 to 255 lower-case letters and digits, in words that '.', '_' and '-' join")
        }
        return text
    }

    private static func refuseRegistry(_ body: Harbor.ProjectReq) throws(HarborFailure) {
        guard body.registryId ?? 0 == 0 else {
            throw .badRequest("registry_id: this version has no registries that a project could be a proxy of; leave it out")
        }
    }

    /// In bytes; -1 for none.
    private func limit(_ body: Harbor.ProjectReq, _ call: HarborCall) throws(HarborFailure) -> Int64 {
        let settings = platform.settings
        let usual = settings.boolean(.quotaPerProjectEnable) ? settings.integer(.storagePerProject) : -1
        guard let limit = body.storageLimit else { return usual }
        try Self.check(limit)
        if call.rights.isAdministrator { return limit }
        // Clients send -1 for whatever is usual.
        guard limit == -1 || limit == usual else {
            throw HarborFailure.forbidden("storage_limit: only a system administrator may give a project another limit than the usual")
        }
        return usual
    }

    private static func check(_ limit: Int64) throws(HarborFailure) {
        guard limit == -1 || limit > 0 else {
            throw .badRequest("storage_limit: \(limit) is neither -1 (no limit) nor a number of bytes")
        }
    }

    /// What is not in the request stays as it is.
    func update(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.update, .project)
        let body = try await call.body(Harbor.ProjectReq.self)
        guard body.projectName ?? "" == "" || body.projectName == project.name else {
            throw HarborFailure.badRequest("project_name: a project keeps its name, as its repositories' names begin with it")
        }
        try Self.refuseRegistry(body)
        if let limit = body.storageLimit { try Self.check(limit) }
        let sent = body.metadata?.values ?? [:]
        let allowlist = try body.cveAllowlist?.names(field: "cve_allowlist.")
        let isAdministrator = call.rights.isAdministrator
        try await platform.accounts.change { store in
            guard try store.project(project.id) != nil else { throw HarborFailure.notFound("there is no project '\(project.name)'") }
            var values = try ProjectSettings.check(sent, known: try store.projectMetadata(project.id))
            if let isPublic = body.public, values[ProjectSettings.isPublic] == nil {
                values[ProjectSettings.isPublic] = isPublic ? "true" : "false"
            }
            try store.change(values, ofProject: project.id)
            if let allowlist { try store.setCVEAllowlist(allowlist, expiresAt: body.cveAllowlist?.expiresAt, ofProject: project.id) }
            if let limit = body.storageLimit, try store.storageLimit(ofProject: project.id) != limit {
                guard isAdministrator else {
                    throw HarborFailure.forbidden("storage_limit: only a system administrator may change it")
                }
                try store.setStorageLimit(limit, ofProject: project.id)
            }
        }
        return .empty(.ok)
    }

    func delete(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .project)
        let contents = try await platform.accounts.change { try $0.deleteProject(project) }
        guard contents.isEmpty else { throw HarborFailure.precondition(Self.inTheWay(contents, project)) }
        return .empty(.ok)
    }
}
