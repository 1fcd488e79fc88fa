import ArgumentParser
import CoveCommands

struct InfoCommand: ServerCommand {
    static let configuration = CommandConfiguration(commandName: "info", abstract: "What a server is, and what it holds.")

    @OptionGroup var server: ServerOptions

    func run(_ session: ServerSession) async throws {
        var value = try await session.client.get(["systeminfo"]).value.fields
        value["server"] = .string("\(session.client.address)")
        // Who is not logged in is told only what the server is.
        if session.client.login != nil {
            do throws(HarborError) {
                value["statistics"] = try await session.client.get(["statistics"]).value
            } catch {
                guard error.status == 401 || error.status == 403 else { throw error }
            }
        }
        session.show(
            .object(value),
            [
                Column("SERVER", "server"), Column("VERSION", "harbor_version"), Column("LOGIN BY", "auth_mode"),
                Column("REGISTRY", "registry_url"), Column("URL", "external_url"), Column("READ ONLY", "read_only", .yesNo),
                Column("SELF-REGISTRATION", "self_registration", .yesNo),
                Column("PROJECTS MADE BY", "project_creation_restriction"),
                Column("PROJECTS", "statistics.total_project_count"), Column("REPOSITORIES", "statistics.total_repo_count"),
                Column("STORAGE", "statistics.total_storage_consumption", .size), Column("BANNER", "banner_message"),
            ], key: "harbor_version")
    }
}
