import ArgumentParser
import CoveConfiguration
import CoveIdentity
import CoveMetadata
import CoveServer

/// The store of accounts that a command works on directly, beside a running server or without one.
struct StoreOptions: ParsableArguments {
    @Option(
        help: "The server's config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.",
        completion: .file(extensions: ["yml", "yaml"]))
    var config: String?

    @Option(help: "The store itself, instead of a config.yml: sqlite:PATH or postgresql://user:password@host/database.")
    var url: String?

    /// Runs `body` with the accounts, and closes the store.
    func withAccounts<T>(_ body: (Accounts) async throws -> T) async throws -> T {
        if config != nil, url != nil { throw Console.failure("give --config or --url, not both") }
        let source: MetadataSource
        var options = Accounts.Options()
        do {
            if let url {
                source = try MetadataSource(url: url)
            } else {
                source = try configured(&options)
            }
        } catch let error as ServeError {
            throw Console.failure(error.description)
        }
        let metadata = try await MetadataCommand.saying { try await source.open() }
        do {
            let value = try await body(Accounts(metadata: metadata, options: options))
            try await metadata.close()
            return value
        } catch let error as MetadataError {
            try? await metadata.close()
            throw Console.failure("\(source.description): \(error)")
        } catch {
            try? await metadata.close()
            throw error
        }
    }

    private func configured(_ options: inout Accounts.Options) throws -> MetadataSource {
        let configuration = try loadConfiguration(config).configuration
        guard case .accounts(let settings) = configuration.auth else {
            throw ServeError("the configuration has no accounts; write auth: {accounts: {}}, or name the store with --url")
        }
        options.robotPrefix = settings.robotPrefix
        let source = MetadataSource(configuration)
        guard source.location != .memory else { throw ServeError("the configuration keeps everything in memory; only its server has it") }
        return source
    }
}
