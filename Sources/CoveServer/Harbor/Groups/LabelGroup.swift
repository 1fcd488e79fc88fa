import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Labels of the system and of projects.
struct LabelGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.listLabels: list, .createLabel: create, .getLabelByID: get, .updateLabel: update, .deleteLabel: delete]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let projectID: Int64?
        switch call.query("scope") {
        case "g": projectID = nil
        case "p":
            guard let id = call.integer("project_id") else {
                throw HarborFailure.badRequest("project_id: is required for the labels of a project (scope=p)")
            }
            projectID = id
        default: throw HarborFailure.badRequest("scope: must be g for the labels of the system or p for those of a project")
        }
        try await require(.list, projectID, call)
        let name = call.query("name")
        let (labels, total) = try await platform.metadata.read { try $0.labels(ofProject: projectID, name: name, query) }
        return call.page(labels.map(Harbor.Label.init), total: total, of: query)
    }

    private func create(_ call: HarborCall) async throws -> Response {
        let body = try await call.body(Harbor.Label.self)
        let projectID: Int64?
        switch body.scope {
        case "g": projectID = nil
        case "p":
            guard let id = body.projectId, id > 0 else {
                throw HarborFailure.badRequest("'project_id' is required for a label of a project (scope p)")
            }
            projectID = id
        default: throw HarborFailure.badRequest("'scope' must be g for a label of the system or p for one of a project")
        }
        try await require(.create, projectID, call)
        let content = try Content(body, instead: nil)
        try await audit(content.name, projectID, call)
        let id = try await platform.metadata.write {
            try $0.insertLabel(content.name, description: content.description, color: content.color, projectID: projectID)
        }
        guard let id else { throw HarborFailure.conflict("there is a label '\(content.name)' already") }
        return call.created(at: "/labels/\(id)")
    }

    private func get(_ call: HarborCall) async throws -> Response {
        .json(Harbor.Label(try await label(.read, call)))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        let label = try await label(.update, call)
        let content = try Content(try await call.body(Harbor.Label.self), instead: label)
        let isDone = try await platform.metadata.write {
            try $0.updateLabel(label, name: content.name, description: content.description, color: content.color)
        }
        guard isDone else { throw HarborFailure.conflict("there is a label '\(content.name)' already") }
        return .empty(.ok)
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let label = try await label(.delete, call)
        try await platform.metadata.write { try $0.deleteLabel(label.id) }
        return .empty(.ok)
    }

    /// The label of the path.
    ///
    /// - Throws: ``HarborFailure``: 404 for none, and for one of a project that the caller may not see.
    private func label(_ action: Permission.Action, _ call: HarborCall) async throws -> LabelRecord {
        let id = try call.id("label_id")
        let missing = HarborFailure.notFound("there is no label \(id)")
        guard let label = try await platform.metadata.read({ try $0.label(id) }) else {
            if call.principal.isAnonymous { throw HarborFailure.unauthorized() }
            throw missing
        }
        do {
            try await require(.read, label.projectID, call)
        } catch let failure as HarborFailure where failure.status == .forbidden {
            throw missing
        }
        if action != .read {
            try await audit(label.name, label.projectID, call)
            try await require(action, label.projectID, call)
        }
        return label
    }

    /// Has the audit log call a label by its name.
    private func audit(_ name: String, _ projectID: Int64?, _ call: HarborCall) async throws {
        let project = try await platform.metadata.read { store in try projectID.flatMap { try store.project($0) } }
        call.audited(as: name, inProject: project?.name)
    }

    /// Those of the system are there for everybody who is logged in, and for administrators to change.
    private func require(_ action: Permission.Action, _ projectID: Int64?, _ call: HarborCall) async throws {
        guard let projectID else {
            try call.requireLogin()
            if action != .read, action != .list { try call.require(action, .label, in: .system) }
            return
        }
        if let project = try await platform.metadata.read({ try $0.project(projectID) }) {
            return try call.require(action, .label, in: project.scope)
        }
        if call.rights.isAdministrator { throw HarborFailure.notFound("project_id: there is no project \(projectID)") }
        // As of one that is there and not to be seen.
        try call.require(action, .label, in: .project(id: projectID, name: "", isPublic: false))
    }

    private struct Content: Sendable {
        let name: String
        let description: String
        let color: String

        /// - Parameter label: what is kept of what is not given.
        init(_ body: Harbor.Label, instead label: LabelRecord?) throws(HarborFailure) {
            name = body.name ?? label?.name ?? ""
            description = body.description ?? label?.description ?? ""
            color = body.color ?? label?.color ?? ""
            guard !name.isEmpty else { throw .badRequest("'name' is required") }
            for (field, text, limit) in [("name", name, 128), ("description", description, 1024), ("color", color, 16)] {
                guard text.count <= limit else {
                    throw .badRequest("'\(field)' has \(text.count) characters; at most \(limit) are allowed")
                }
                guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) || field == "description" else {
                    throw .badRequest("'\(field)' has control characters")
                }
            }
        }
    }
}
