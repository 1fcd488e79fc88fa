import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// What projects may hold, and what they do. A quota's id is its project's.
struct QuotaGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.listQuotas: list, .getQuota: get, .updateQuota: update] }

    private func list(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .quota, in: .system)
        let query = try call.list()
        if let reference = call.query("reference"), reference != "project" {
            throw HarborFailure.badRequest("reference: '\(reference.prefix(60))' is not known; quotas are those of a project")
        }
        var project: Int64?
        if let text = call.query("reference_id") {
            guard let id = Int64(text) else {
                throw HarborFailure.badRequest("reference_id: '\(text.prefix(60))' is not a whole number, which the id of a project is")
            }
            project = id
        }
        let (page, total) = try await platform.metadata.read { [project] in try $0.quotas(ofProject: project, query) }
        return call.page(page.map(Harbor.Quota.init), total: total, of: query)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .quota, in: .system)
        let id = try call.id("id")
        guard let quota = try await platform.metadata.read({ try $0.quota(ofProject: id) }) else { throw unknown(id) }
        return .json(Harbor.Quota(quota))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        try call.requireLogin()
        try call.require(.update, .quota, in: .system)
        let id = try call.id("id")
        let hard = try await call.body(Harbor.QuotaUpdateReq.self).hard ?? [:]
        guard !hard.isEmpty else { throw HarborFailure.badRequest("'hard' is required: an object with storage, tags or both") }
        for (name, value) in hard.sorted(by: { $0.key < $1.key }) {
            guard ["storage", "tags"].contains(name) else {
                throw HarborFailure.badRequest("'hard.\(name.prefix(60))' cannot be limited; storage (bytes) and tags can")
            }
            guard value == ProjectLimit.none || value > 0 else {
                throw HarborFailure.badRequest("'hard.\(name)' is \(value); it must be greater than 0, or -1 for no limit")
            }
        }
        let isDone = try await platform.metadata.write { store in
            var limit = try store.limit(ofProject: id)
            limit.storage = hard["storage"] ?? limit.storage
            limit.tags = hard["tags"] ?? limit.tags
            return try store.setLimit(limit, ofProject: id)
        }
        guard isDone else { throw unknown(id) }
        return .empty(.ok)
    }

    private func unknown(_ id: Int64) -> HarborFailure { .notFound("there is no quota \(id)") }
}

extension Harbor.Quota {
    init(_ quota: QuotaRecord) {
        self.init(
            id: quota.projectID,
            ref: .object(["id": .integer(quota.projectID), "name": .string(quota.project), "owner_name": .string(quota.owner)]),
            hard: ["storage": quota.limit.storage, "tags": quota.limit.tags],
            used: ["storage": quota.usage.storage, "tags": quota.usage.tags], creationTime: HarborTime(quota.createdAt),
            updateTime: HarborTime(quota.updatedAt))
    }
}
