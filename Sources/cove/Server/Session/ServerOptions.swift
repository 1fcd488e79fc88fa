import ArgumentParser
import CoveClient
import CoveCommands
import CoveOutbound
import Foundation

extension OutputFormat: ExpressibleByArgument {}

/// At which server, as whom, and how the result is printed.
struct ServerOptions: ParsableArguments {
    @Option(help: "The context to use; without it, the current one.")
    var context: String?

    @Option(help: "A server's URL, instead of the context's. With COVE_USERNAME and COVE_PASSWORD it needs no context.")
    var server: String?

    @Option(help: "PEM file of authorities that the server's certificate may be of.", completion: .file())
    var cacert: String?

    @Flag(help: "Accept any certificate of the server.")
    var insecure = false

    @Option(
        name: [.short, .long, .customLong("output-format")],
        help: ArgumentHelp("How the result is printed.", valueName: "format"))
    var output = OutputFormat.table

    @Flag(name: [.short, .long], help: "Print only names or ids.")
    var quiet = false
}

extension ServerOptions {
    /// Which login holds at which server, as the file of contexts and the environment have it.
    private func resolve(_ environment: [String: String]) async throws -> (address: RegistryAddress, login: Login?, trust: ServerTrust) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let list = try ContextStore(environment: environment).load()
        let wanted = server ?? (context == nil ? value("COVE_SERVER") : nil)
        var found: ServerContext?
        if let name = context {
            guard let kept = list.contexts[name] else {
                throw HarborError.unusable("there is no context '\(name)'; cove context list shows those that there are")
            }
            found = kept
        } else if wanted == nil {
            guard let name = list.current, let kept = list.contexts[name] else {
                throw HarborError.unusable("no server is chosen: cove login HOST, cove context use NAME, or --server URL")
            }
            found = kept
        }
        var trust = found?.trust ?? ServerTrust()
        if let cacert { trust.authorities = cacert }
        if insecure { trust.isInsecure = true }
        if let wanted {
            let address = try await ServerAddress.find(wanted, trust: trust)
            found = found ?? list.contexts.values.first { $0.server == address.description }
            if cacert == nil { trust.authorities = found?.cacert ?? trust.authorities }
            trust.isInsecure = trust.isInsecure || found?.insecure ?? false
            return (address, try await login(of: found, at: address, environment), trust)
        }
        let address = try await ServerAddress.find(found?.server ?? "", trust: trust)
        return (address, try await login(of: found, at: address, environment), trust)
    }

    private func login(of context: ServerContext?, at address: RegistryAddress, _ environment: [String: String]) async throws -> Login? {
        if self.context == nil, let user = environment["COVE_USERNAME"], let password = environment["COVE_PASSWORD"], !user.isEmpty {
            return Login(user: user, password: password)
        }
        // A login is for the server that it was made at.
        guard let context, context.server == address.description else { return nil }
        if let password = context.password { return Login(user: context.username, password: password) }
        guard let helper = context.helper else { return nil }
        return Login(user: context.username, password: try await HelperProgram(helper).secret(context.server))
    }

    /// Runs a command at the server, and ends it with the exit code of whatever goes wrong.
    func run(_ body: (ServerSession) async throws -> Void) async throws {
        try await ServerFailure.reporting {
            let (address, login, trust) = try await resolve(ProcessInfo.processInfo.environment)
            let connections = try ServerConnections.make(trust)
            let session = ServerSession(
                client: HarborClient(address, login: login, connections: connections), connections: connections, output: output,
                isQuiet: quiet)
            do {
                try await body(session)
            } catch {
                await connections.close()
                throw error
            }
            await connections.close()
        }
    }
}

/// A command that speaks with a server.
protocol ServerCommand: AsyncParsableCommand {
    var server: ServerOptions { get }

    func run(_ session: ServerSession) async throws
}

extension ServerCommand {
    func run() async throws { try await server.run { try await run($0) } }
}
