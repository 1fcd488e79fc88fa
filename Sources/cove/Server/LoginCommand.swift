import ArgumentParser
import CoveClient
import CoveCommands
import CoveOutbound
import Foundation
import Logging

struct LoginCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Log in at a server, and keep that as a context.",
        discussion: """
            cove login registry.example.org -u alice --password-stdin < password.txt
            cove login http://127.0.0.1:5000 -u alice

            The login is tried, and then kept in $COVE_CONFIG or ~/.config/cove/config.json, which only its owner can read, or with
            --helper by a credential helper of the system (docker-credential-NAME). Without a scheme HTTPS is spoken; with this
            machine HTTP, too, if nothing answers to HTTPS.

            \(ServerFailure.help)
            """
    )

    @Argument(help: "HOST, HOST:PORT, or a URL.")
    var server: String

    @Option(name: [.short, .long], help: "A user, or a robot account.")
    var username: String?

    @OptionGroup var password: PasswordOptions

    @Option(name: [.short, .long], help: "What the context is called; without it, the host's name.")
    var name: String?

    @Option(help: "The credential helper that keeps the password, such as pass or secretservice.")
    var helper: String?

    @Option(help: "PEM file of authorities that the server's certificate may be of.", completion: .file())
    var cacert: String?

    @Flag(help: "Accept any certificate of the server.")
    var insecure = false

    func run() async throws {
        try await ServerFailure.reporting {
            let trust = ServerTrust(authorities: cacert.map { URL(fileURLWithPath: $0).path }, isInsecure: insecure)
            let address = try await ServerAddress.find(server, trust: trust)
            let user = try username ?? askUser()
            let login = Login(user: user, password: try password.read("Password of \(user)"))
            try await check(login, at: address, trust)
            let store = ContextStore(environment: ProcessInfo.processInfo.environment)
            let name = name ?? address.host
            let keeper = try helper ?? store.load().credentialHelper
            if let keeper {
                try await HelperProgram(keeper).store(address.description, username: user, secret: login.password)
            }
            try store.change {
                $0.contexts[name] = ServerContext(
                    server: address.description, username: user, password: keeper == nil ? login.password : nil, helper: keeper,
                    cacert: trust.authorities, insecure: insecure ? true : nil)
                $0.current = name
                if let helper { $0.credentialHelper = helper }
            }
            print("logged in at \(address) as \(Table.printable(user)); the context is '\(name)'")
        }
    }

    private func askUser() throws -> String {
        guard isatty(0) == 1 else { throw HarborError.unusable("no user was given; use --username") }
        FileHandle.standardError.write(Data("Username: ".utf8))
        guard let line = readLine(strippingNewline: true), !line.isEmpty else { throw HarborError.unusable("no user was given") }
        return line
    }

    /// Users may ask who they are. Robots may not everywhere: they may pull.
    private func check(_ login: Login, at address: RegistryAddress, _ trust: ServerTrust) async throws {
        let connections = try ServerConnections.make(trust)
        do {
            let client = HarborClient(address, login: login, connections: connections)
            do throws(HarborError) {
                _ = try await client.get(["users", "current"])
            } catch {
                guard let status = error.status, [401, 403, 404, 412].contains(status) else { throw error }
                let registry = RegistryClient(
                    address, credentials: .password(login), connections: connections, logger: Logger.forCommands)
                do throws(ClientError) {
                    try await registry.ping()
                } catch let refusal {
                    switch refusal {
                    case .login, .denied: throw error
                    default: throw HarborError.unreachable(server: address.description, why: refusal.reason)
                    }
                }
                // A registry that lets everybody in says nothing of the login.
                guard try await registry.knowsLogins() else { throw error }
            }
        } catch {
            await connections.close()
            throw error
        }
        await connections.close()
    }
}

struct LogoutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout", abstract: "Forget the login at a server: its contexts, and what a helper keeps of them.")

    @Argument(help: "HOST, a URL, or a context's name; without it, the current context.")
    var server: String?

    func run() async throws {
        try await ServerFailure.reporting {
            let store = ContextStore(environment: ProcessInfo.processInfo.environment)
            let list = try store.load()
            guard let wanted = server ?? list.current else { throw HarborError.unusable("no server is chosen; name one") }
            var names = list.contexts[wanted] == nil ? [] : [wanted]
            if names.isEmpty {
                let addresses = try ServerAddress.candidates(wanted).map(\.description)
                names = list.contexts.filter { addresses.contains($0.value.server) }.map(\.key)
            }
            guard !names.isEmpty else { throw HarborError.missing("nobody is logged in at '\(wanted)'") }
            for name in names {
                if let context = list.contexts[name], let helper = context.helper { try await HelperProgram(helper).erase(context.server) }
            }
            try store.change { list in
                for name in names { list.contexts[name] = nil }
                if let current = list.current, names.contains(current) { list.current = nil }
            }
            print("logged out: \(names.sorted().joined(separator: ", "))")
        }
    }
}
