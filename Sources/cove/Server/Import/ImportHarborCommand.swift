import ArgumentParser
import CoveClient
import CoveCommands
import CoveOutbound
import Foundation
import Logging
import Synchronization

struct ImportHarborCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harbor",
        abstract: "Take over a Harbor, or another Cove: projects, members, robots, rules, policies and images.",
        discussion: """
            cove import harbor --url https://harbor.example.org --username admin --password-stdin --to CONTEXT < password.txt
            cove import harbor --url https://harbor.example.org --username admin --password-stdin --dry-run < password.txt

            Both logins should be administrators'. What is there already is compared and left as it is, so a run that was ended goes
            on when it is started again, and a later one brings what is new. Passwords of users and secrets of robots cannot be
            read: each gets a new one, which is printed once, or added to the file of --secrets as soon as it is made.

            Exit code 0: everything is here. 2: it was done, and some things could not be taken over, as listed.
            \(ServerFailure.help)
            """
    )

    @Option(help: "The Harbor's URL.")
    var url: String

    @Option(name: [.short, .long], help: "An administrator there.")
    var username: String

    @Flag(help: "Read that administrator's password from standard input, as one line. Otherwise it is asked at the terminal.")
    var passwordStdin = false

    @Option(help: "The context, or the URL of a server that there is a context for, to import into; without it, the current context.")
    var to: String?

    @Option(name: [.short, .customLong("project")], help: "Only this project, and who is in it; as often as wanted.")
    var projects: [String] = []

    @Flag(help: "Leave the images where they are.")
    var noImages = false

    @Flag(help: "Only say what would be done.")
    var dryRun = false

    @Option(
        help: "A file to add new passwords and secrets to, which only its owner can read, instead of printing them.", completion: .file())
    var secrets: String?

    @Option(help: "PEM file of authorities that the Harbor's certificate may be of.", completion: .file())
    var cacert: String?

    @Flag(help: "Accept any certificate of the Harbor.")
    var insecure = false

    @Flag(help: "Print the report as JSON.")
    var json = false

    func run() async throws {
        let place = to.map { $0.contains("://") ? ["--server=\($0)"] : ["--context=\($0)"] }
        let target = try ServerOptions.parse(place ?? [])
        try await target.run { session in
            let trust = ServerTrust(authorities: cacert, isInsecure: insecure)
            let address = try await ServerAddress.find(url, trust: trust)
            let password = try passwordStdin ? PasswordInput.line() : PasswordInput.ask("Password of \(username) at \(address)")
            let connections = try ServerConnections.make(trust)
            do {
                try await run(from: Self.server(address, Login(user: username, password: password), connections), to: session)
            } catch {
                await connections.close()
                throw error
            }
            await connections.close()
        }
    }

    private static func server(_ address: RegistryAddress, _ login: Login?, _ connections: OutboundClients) -> HarborImport.Server {
        HarborImport.Server(
            api: HarborClient(address, login: login, connections: connections),
            registry: RegistryClient(
                address, credentials: login.map { .password($0) } ?? .anonymous, connections: connections, logger: .forCommands))
    }

    private func run(from source: HarborImport.Server, to session: ServerSession) async throws {
        let bar = ProgressBar()
        let keeper = try secrets.map { try SecretsFile($0) }
        let printsAtOnce = !json
        let report = MigrationReport { entry in
            guard printsAtOnce, entry.outcome != .present else { return }
            bar.clear()
            let detail = entry.detail.isEmpty ? "" : ": \(entry.detail)"
            print(Table.printable("\(entry.outcome.rawValue): \(entry.kind) \(entry.name)\(detail)"))
        } onSecret: { secret in
            keeper?.add(secret)
            guard printsAtOnce, keeper == nil else { return }
            bar.clear()
            print("secret of \(secret.kind) \(Table.printable(secret.name)): \(secret.secret)")
            // Whatever comes, it has been told.
            fflush(nil)
        }
        var options = HarborImport.Options()
        options.projects = projects
        options.dryRun = dryRun
        options.images = !noImages
        let target = Self.server(session.client.address, session.client.login, session.connections)
        let importing = HarborImport(from: source, to: target, options, report: report) { what, done, total in
            bar.show(what, Int64(done), of: Int64(total))
        }
        var failure: HarborError?
        do throws(HarborError) {
            try await importing.run()
        } catch {
            failure = error
        }
        bar.end()
        // What was made before it failed has secrets, too.
        if json { printJSON(report) } else { printText(report) }
        if let failure { throw failure }
        if report.hasFailures { throw ExitCode(2) }
    }

    private func printJSON(_ report: MigrationReport) {
        var value = report.json.fields
        value["dryRun"] = .boolean(dryRun)
        if secrets != nil { value["secrets"] = .array([]) }
        print(JSONValue.object(value).text(isPretty: true))
    }

    private func printText(_ report: MigrationReport) {
        let outcomes: [MigrationReport.Outcome] = [.created, .planned, .present, .passedOver, .failed]
        let summary = report.summary
        let items = summary.keys.sorted().map { kind in
            JSONValue.object(
                Dictionary(uniqueKeysWithValues: outcomes.map { ($0.rawValue, .integer(Int64(summary[kind]?[$0] ?? 0))) })
                    .merging(["kind": .string(kind)]) { $1 })
        }
        let columns = [Column("KIND", "kind")] + outcomes.map { Column($0.rawValue.uppercased(), $0.rawValue) }
        print("\n" + Table.lines(items, columns), terminator: "")
        let counts = report.counts
        let verb = dryRun ? "would copy" : "copied"
        print(
            "\(verb) \(counts.manifests) manifests, \(counts.tags) tags and \(counts.blobs) blobs of \(ByteSize.text(counts.bytes)); \(counts.knownManifests) manifests and \(counts.knownTags) tags were there"
        )
        if let secrets, !report.secrets.isEmpty { print("\(report.secrets.count) new passwords and secrets are in '\(secrets)'") }
    }
}

/// A file that new secrets are added to, line by line, as soon as they are made.
private final class SecretsFile: Sendable {
    private let handle: FileHandle

    init(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw HarborError.unusable("'\(path)' cannot be written: \(String(cString: strerror(errno)))") }
        guard fchmod(descriptor, 0o600) == 0 else {
            close(descriptor)
            throw HarborError.unusable("'\(path)' belongs to somebody else; name another file")
        }
        handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }

    func add(_ secret: MigrationReport.Secret) {
        let line = JSONValue.object(["kind": .string(secret.kind), "name": .string(secret.name), "secret": .string(secret.secret)])
        do {
            try handle.write(contentsOf: Data((line.text() + "\n").utf8))
            try handle.synchronize()
        } catch {
            // It is worse to lose one than to show it.
            Console.warn("the file of secrets cannot be written (\(error)): \(line.text())")
        }
    }
}
