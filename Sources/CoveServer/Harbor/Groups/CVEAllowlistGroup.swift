import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// The vulnerabilities that are put up with everywhere.
struct CVEAllowlistGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.getSystemCVEAllowlist: get, .putSystemCVEAllowlist: put]
    }

    private func get(_ call: HarborCall) async throws -> Response {
        .json(Harbor.CVEAllowlist(try await platform.metadata.read { try $0.cveAllowlist(ofProject: nil) }))
    }

    private func put(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let body = try await call.body(Harbor.CVEAllowlist.self)
        guard body.projectId ?? 0 == 0 else {
            throw HarborFailure.badRequest("project_id: that of the system has 0; a project's allowlist is changed with the project")
        }
        let names = try body.names(field: "")
        try await platform.metadata.write { try $0.setCVEAllowlist(names, expiresAt: body.expiresAt, ofProject: nil) }
        return .empty(.ok)
    }
}
