import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// What is set of single projects, by name.
struct ProjectMetadataGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listProjectMetadatas: list, .addProjectMetadatas: add, .getProjectMetadata: get, .updateProjectMetadata: update,
            .deleteProjectMetadata: delete,
        ]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .metadata)
        return .json(try await platform.metadata.read { try $0.settings(ofProject: project) })
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.read, .metadata)
        let name = call.path("meta_name")
        let values = try await platform.metadata.read { try $0.settings(ofProject: project) }
        guard let value = values[name] else { throw Self.unknown(name, project) }
        return .json([name: value])
    }

    private static func unknown(_ name: String, _ project: ProjectRecord) -> HarborFailure {
        .notFound("project '\(project.name)' has no metadata '\(name.prefix(60))'")
    }

    private func add(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.create, .metadata)
        let sent = try await values(call)
        let checked = try ProjectSettings.check(sent)
        try await change(project, checked) { known in
            // Every project is public or is not, so that is there always.
            if let name = checked.keys.sorted().first(where: { known[$0] != nil && $0 != ProjectSettings.isPublic }) {
                throw HarborFailure.conflict("metadata '\(name)' of project '\(project.name)' is set already; change it instead")
            }
        }
        return .empty(.ok)
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.update, .metadata)
        let name = call.path("meta_name")
        let sent = try await values(call)
        guard sent.count == 1, let value = sent[name] else {
            throw HarborFailure.badRequest("the body must have '\(name.prefix(60))', as the path has, and nothing else")
        }
        let checked = try ProjectSettings.check([name: value])
        try await change(project, checked) { known in
            guard known[name] != nil else { throw Self.unknown(name, project) }
        }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .metadata)
        let name = call.path("meta_name")
        guard !ProjectSettings.isTold(name) else {
            throw HarborFailure.badRequest("metadata.\(name): it follows from the project's retention policy; delete that instead")
        }
        try await platform.accounts.change { store in
            if name == ProjectSettings.isPublic {
                try store.setPublic(false, project: project.id)
            } else {
                guard try store.deleteProjectMetadata(name, ofProject: project.id) else { throw Self.unknown(name, project) }
                try store.touchProject(project.id)
            }
        }
        return .empty(.ok)
    }

    /// The body: an object of texts.
    private func values(_ call: HarborCall) async throws -> [String: String] {
        let fields = try HarborBody.texts(try await call.bytes(), "metadata")
        var values: [String: String] = [:]
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            guard let text = value.string else { throw HarborFailure.badRequest("'\(name.prefix(60))' must be a string") }
            values[name] = text
        }
        guard !values.isEmpty else { throw HarborFailure.badRequest("the body has no metadata in it") }
        return values
    }

    private func change(
        _ project: ProjectRecord, _ values: [String: String], check: @escaping @Sendable ([String: String]) throws -> Void
    ) async throws {
        try await platform.accounts.change { store in
            guard let now = try store.project(project.id) else {
                throw HarborFailure.notFound("there is no project '\(project.name)'")
            }
            try check(try store.settings(ofProject: now))
            try store.change(values, ofProject: project.id)
        }
    }
}

extension MetadataTransaction {
    /// What is set of a project, whether it is public among it.
    func settings(ofProject project: ProjectRecord) throws -> [String: String] {
        var values = try projectMetadata(project.id)
        values[ProjectSettings.isPublic] = project.isPublic ? "true" : "false"
        return values
    }

    /// - Parameter values: as ``ProjectSettings`` let them pass.
    func change(_ values: [String: String], ofProject id: Int64) throws {
        var values = values
        if let isPublic = values.removeValue(forKey: ProjectSettings.isPublic) { try setPublic(isPublic == "true", project: id) }
        try setProjectMetadata(values, ofProject: id)
        try touchProject(id)
    }
}
