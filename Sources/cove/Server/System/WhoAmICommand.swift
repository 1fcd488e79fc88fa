import ArgumentParser
import CoveClient
import CoveCommands

struct WhoAmICommand: ServerCommand {
    static let configuration = CommandConfiguration(commandName: "whoami", abstract: "Say as whom one is logged in, and where.")

    @OptionGroup var server: ServerOptions

    func run(_ session: ServerSession) async throws {
        let user = try await profile(session.client)
        let value = JSONValue.object(user.fields.merging(["server": .string("\(session.client.address)")]) { $1 })
        session.show(
            value,
            [
                Column("USER", "username"), Column("SERVER", "server"), Column("EMAIL", "email"), Column("NAME", "realname"),
                Column("ADMIN") { $0.flag("sysadmin_flag") || $0.flag("admin_role_in_auth") ? "yes" : "no" },
            ], key: "username")
    }

    /// Robots have none; that they are told so says that their login was accepted.
    private func profile(_ client: HarborClient) async throws -> JSONValue {
        do throws(HarborError) {
            return try await client.get(["users", "current"]).value
        } catch {
            guard error.status == 412, let login = client.login else { throw error }
            return ["username": .string(login.user), "robot": true]
        }
    }
}
