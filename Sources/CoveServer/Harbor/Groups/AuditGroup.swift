import CoveIdentity
import CoveMetadata
import HummingbirdCore

/// The audit log, of the system and of a project.
struct AuditGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listAuditLogs: { try await short($0, of: scope($0)) },
            .listAuditLogExts: { try await long($0, of: scope($0)) },
            .listAuditLogEventTypes: eventTypes,
            .getLogs: { try await short($0, of: projectScope($0)) },
            .getLogExts: { try await long($0, of: projectScope($0)) },
        ]
    }

    /// Everything for administrators, auditors and robots that may; else that of the projects whose log one may see.
    private func scope(_ call: HarborCall) async throws -> MetadataTransaction.AuditScope {
        try call.requireLogin()
        if call.rights.allows(Permission(.list, .auditLog), in: .system) { return .all }
        let log = Permission(.list, .log)
        let names = (call.rights.robot ?? []).map(\.namespace)
        if names.contains("*"), call.rights.allows(log, in: .project(id: 0, name: "*", isPublic: false)) { return .all }
        let members = Array(call.rights.roles.keys)
        let projects = try await platform.metadata.read { store in
            try members.compactMap { try store.project($0) } + Set(names).sorted().compactMap { try store.project(named: $0) }
        }
        return .projects(projects.filter { call.rights.allows(log, in: $0.scope) }.map(\.id))
    }

    private func projectScope(_ call: HarborCall) async throws -> MetadataTransaction.AuditScope {
        .projects([try await call.project(.list, .log).id])
    }

    private func page(
        _ call: HarborCall, _ scope: MetadataTransaction.AuditScope
    ) async throws -> (query: ListQuery, records: [AuditRecord], total: Int64) {
        let query = try call.list()
        let (records, total) = try await platform.metadata.read { try $0.auditPage(query, in: scope) }
        return (query, records, total)
    }

    private func short(_ call: HarborCall, of scope: MetadataTransaction.AuditScope) async throws -> Response {
        let (query, records, total) = try await page(call, scope)
        let items = records.map { record in
            Harbor.AuditLog(
                id: record.id, username: record.entry.operator, resource: record.entry.resource, resourceType: record.entry.resourceType,
                operation: record.entry.operation, opTime: HarborTime(record.at))
        }
        return call.page(items, total: total, of: query)
    }

    private func long(_ call: HarborCall, of scope: MetadataTransaction.AuditScope) async throws -> Response {
        let (query, records, total) = try await page(call, scope)
        let items = records.map { record in
            Harbor.AuditLogExt(
                id: record.id, username: record.entry.operator, resource: record.entry.resource, resourceType: record.entry.resourceType,
                operation: record.entry.operation, operationDescription: record.entry.description,
                operationResult: record.entry.succeeded, opTime: HarborTime(record.at))
        }
        return call.page(items, total: total, of: query)
    }

    private func eventTypes(_ call: HarborCall) async throws -> Response {
        try call.require(.list, .auditLog, in: .system)
        return .json(AuditedOperations.eventTypes.map { Harbor.AuditLogEventType(eventType: $0) })
    }
}
