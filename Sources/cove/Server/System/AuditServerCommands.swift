import ArgumentParser
import CoveCommands

extension AuditCommand {
    struct List: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "List what was done, the newest first.",
            discussion: "cove audit list --project team --query operation=delete,username=alice", aliases: ["ls"])

        @Option(name: [.short, .long], help: "Only what was done in a project.")
        var project: String?

        @OptionGroup var list: ListOptions
        @OptionGroup var watching: WatchOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await watching.run {
                session.show(try await AuditEntries.list(session, project: project, list.request()), AuditEntries.columns, key: "id")
            }
        }
    }
}

enum AuditEntries {
    static let columns = [
        Column("TIME", "op_time", .time), Column("USER", "username"), Column("OPERATION", "operation"), Column("TYPE", "resource_type"),
        Column("RESOURCE", "resource"), Column("RESULT") { $0["operation_result"]?.boolean.map { $0 ? "ok" : "failed" } ?? "" },
    ]

    /// Servers before Harbor 2.13 have the older list only.
    static func list(_ session: ServerSession, project: String?, _ request: ListRequest) async throws -> Listing {
        let path = project.map { ["projects", $0] } ?? []
        do throws(HarborError) {
            return try await session.client.list(path + ["auditlog-exts"], request)
        } catch {
            guard error.status == 404 || error.status == 501 else { throw error }
            return try await session.client.list(path + (project == nil ? ["audit-logs"] : ["logs"]), request)
        }
    }
}
