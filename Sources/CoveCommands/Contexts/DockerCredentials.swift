import CoveClient
import Foundation

/// Docker's side of the contexts' file: what `docker-credential-cove` answers.
package struct DockerCredentials: Sendable {
    /// What Docker takes for "there is none" rather than for a failure.
    package static let notFound = "credentials not found in native keychain"

    private let store: ContextStore

    package init(_ store: ContextStore) { self.store = store }

    package struct Refusal: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Returns: what is written to standard output.
    package func run(_ verb: String, input: String) async throws -> String {
        let input = input.trimmingCharacters(in: .whitespacesAndNewlines)
        switch verb {
        case "get":
            guard !input.isEmpty else { throw Refusal(description: "no credentials server URL") }
            guard let entry = try await find(input) else { throw Refusal(description: Self.notFound) }
            let answer = JSONValue.object([
                "ServerURL": .string(input), "Username": .string(entry.username), "Secret": .string(entry.secret),
            ])
            return answer.text()
        case "store":
            guard let entry = JSONValue(parsing: Data(input.utf8)), let server = entry.text("ServerURL"), !server.isEmpty,
                let username = entry.text("Username"), let secret = entry.text("Secret")
            else { throw Refusal(description: "expected {\"ServerURL\": …, \"Username\": …, \"Secret\": …} on standard input") }
            try store.change { $0.logins = ($0.logins ?? [:]).merging([server: .init(username: username, secret: secret)]) { $1 } }
            return ""
        case "erase":
            guard !input.isEmpty else { throw Refusal(description: "no credentials server URL") }
            try store.change { $0.logins = $0.logins?.filter { Self.host($0.key) != Self.host(input) } }
            return ""
        case "list":
            let list = try store.load()
            var users = Dictionary(
                list.contexts.values.map { (Self.host($0.server), JSONValue.string($0.username)) }, uniquingKeysWith: { $1 })
            if let name = list.current, let current = list.contexts[name] { users[Self.host(current.server)] = .string(current.username) }
            for (server, entry) in list.logins ?? [:] { users[server] = .string(entry.username) }
            return JSONValue.object(users).text()
        case "version":
            return "docker-credential-cove"
        default:
            throw Refusal(description: "unknown action '\(verb)'; expected get, store, erase or list")
        }
    }

    /// What Docker gave to keep goes before contexts, of which the current one does.
    private func find(_ server: String) async throws -> (username: String, secret: String)? {
        let list = try store.load()
        let host = Self.host(server)
        if let entry = list.logins?.first(where: { Self.host($0.key) == host })?.value { return (entry.username, entry.secret) }
        let names = ([list.current].compactMap { $0 }) + list.contexts.keys.sorted()
        guard let context = names.compactMap({ list.contexts[$0] }).first(where: { Self.host($0.server) == host }) else { return nil }
        if let password = context.password { return (context.username, password) }
        guard let helper = context.helper else { return nil }
        return (context.username, try await HelperProgram(helper).secret(context.server))
    }

    /// Docker names a registry with or without a scheme and a path.
    private static func host(_ server: String) -> String {
        let rest = server.range(of: "://").map { server[$0.upperBound...] } ?? server[...]
        return rest.prefix { $0 != "/" }.lowercased()
    }
}
