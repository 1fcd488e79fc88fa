import ArgumentParser
import CoveCommands

struct HealthCommand: ServerCommand {
    static let configuration = CommandConfiguration(
        commandName: "health", abstract: "Ask a server for its health.",
        discussion: "Exit code 0: it is healthy. 1: it is not, as listed. \(ServerFailure.help)")

    @OptionGroup var server: ServerOptions
    @OptionGroup var watching: WatchOptions

    func run(_ session: ServerSession) async throws {
        try await watching.run {
            let health = try await session.client.get(["health"]).value
            let isHealthy = health.text("status") == "healthy"
            if session.output == .table, !session.isQuiet {
                print("\(session.client.address): \(Table.printable(health.text("status") ?? "unknown"))")
                let columns = [Column("COMPONENT", "name"), Column("STATUS", "status"), Column("ERROR", "error")]
                print(Table.lines(health["components"]?.items ?? [], columns), terminator: "")
            } else {
                session.show(health, [], key: "status")
            }
            if !isHealthy, !watching.watch { throw ExitCode.failure }
        }
    }
}
