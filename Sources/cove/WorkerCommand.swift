import ArgumentParser
import CoveConfiguration
import CoveServer

struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "worker",
        abstract: "Run jobs beside servers that share a metadata store.",
        discussion: """
            cove worker /etc/cove/config.yml

            Takes jobs from the queue in PostgreSQL: garbage collection, retention, deliveries of webhooks and the like, as many
            at once as jobs.maxworkers says. `cove serve` does so as well, unless its jobs.maxworkers is 0. The configuration is
            the servers' own; of http, only the debug address is opened (health, metrics).

            With metadata in SQLite there is nothing for it to do: the server runs its jobs itself.

            SIGTERM and SIGINT interrupt what is at work, which runs again on another worker or at the next start.
            """
    )

    @Argument(
        help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH.", completion: .file(extensions: ["yml", "yaml"]))
    var file: String?

    func run() async throws {
        let (configuration, warnings) = try loadConfiguration(file)
        do {
            try await Serve.run(configuration, as: .worker, warnings: warnings)
        } catch let error as ServeError {
            throw Console.failure(error.problems)
        }
    }
}
