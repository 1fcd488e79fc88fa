import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Auditors, who see everything and change nothing: what Harbor has nothing of.
struct AuditorGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.getUserAuditor: get, .setUserAuditor: set] }

    private func get(_ call: HarborCall) async throws -> Response {
        try call.require(.read, .user, in: .system)
        let id = try call.id("user_id")
        guard let flags = try await platform.metadata.read({ try $0.accountFlags(id) }) else { throw Self.unknown(id) }
        return .json(Harbor.UserAuditorFlag(auditorFlag: flags.isAuditor))
    }

    private func set(_ call: HarborCall) async throws -> Response {
        let id = try call.id("user_id")
        try call.requireAdministrator()
        guard let isAuditor = try await call.body(Harbor.UserAuditorFlag.self).auditorFlag else {
            throw HarborFailure.badRequest("auditor_flag: it is required")
        }
        try await platform.accounts.change { store in
            guard let account = try store.account(id) else { throw Self.unknown(id) }
            call.audited(as: account.name)
            try store.setAuditor(isAuditor, account: id)
        }
        return .empty(.ok)
    }

    private static func unknown(_ id: Int64) -> HarborFailure { .notFound("there is no user \(id)") }
}
