import CoveIdentity
import CoveMetadata
import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// Repositories of projects.
struct RepositoryGroup: HarborGroup {
    let platform: Platform

    private static let longestDescription = 65_536

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listAllRepositories: listAll, .listRepositories: list, .getRepository: get, .updateRepository: update,
            .deleteRepository: delete,
        ]
    }

    private func listAll(_ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let visible = call.rights.visibility(for: Permission(.list, .repository))
        let (found, total) = try await platform.metadata.read { try $0.repositories(visible: visible, query) }
        return call.page(found.map(Harbor.Repository.init), total: total, of: query)
    }

    private func list(_ call: HarborCall) async throws -> Response {
        // Whoever may see the project for a grant gets those repositories that it is for.
        let project = try await call.project(.list, .repository) { project in
            call.rights.grants.contains { $0.projectID == project.id }
        }
        let seesAll = call.rights.allows(Permission(.list, .repository), in: project.scope)
        let visible = seesAll ? .all : call.rights.visibility(for: Permission(.list, .repository))
        let query = try call.list()
        let (found, total) = try await platform.metadata.read { try $0.repositories(inProject: project.id, visible: visible, query) }
        return call.page(found.map(Harbor.Repository.init), total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        .json(Harbor.Repository(try await call.repository(.read, .repository).repository))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.update, .repository).repository
        let description = try await call.body(Harbor.Repository.self).description ?? ""
        guard description.utf8.count <= Self.longestDescription else {
            throw HarborFailure.badRequest(
                "'description' has \(description.utf8.count) bytes; at most \(Self.longestDescription) are allowed")
        }
        try await platform.metadata.write(in: .repository(repository.name.description)) {
            try $0.describeRepository(repository.id, as: description)
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.delete, .repository).repository
        guard try await platform.registry.deleteRepository(repository.name, origin: call.origin) else {
            throw HarborFailure.conflict(
                "something was pushed to '\(repository.fullName)' meanwhile, so it is still there; delete it again")
        }
        return .empty(.ok)
    }
}

extension Harbor.Repository {
    init(_ repository: RepositoryRecord) {
        self.init()
        id = repository.id
        projectId = repository.projectID
        name = repository.fullName
        description = repository.description
        artifactCount = repository.artifactCount
        pullCount = repository.pullCount
        creationTime = HarborTime(repository.createdAt)
        updateTime = HarborTime(repository.updatedAt)
    }
}

extension HarborCall {
    /// Who asks and how, for events.
    var origin: Event.Origin {
        var origin = exchange.origin
        origin.actor = principal.isAnonymous ? nil : principal.name
        return origin
    }
}
