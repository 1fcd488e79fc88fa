import ArgumentParser
import CoveCommands

struct UserGroupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "usergroup", abstract: "Groups of users of a server.", discussion: ServerFailure.help,
        subcommands: [Create.self, List.self, Delete.self], aliases: ["usergroups"])

    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case ldap, http, oidc

        var number: Int64 {
            switch self {
            case .ldap: 1
            case .http: 2
            case .oidc: 3
            }
        }

        static func name(_ number: Int64?) -> String { allCases.first { $0.number == number }?.rawValue ?? "" }
    }

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a group known, so that projects can have it as a member.",
            discussion: """
                cove usergroup create developers
                cove usergroup create developers --type ldap --ldap-dn cn=developers,ou=groups,dc=example,dc=org
                """
        )

        @Argument(help: "Its name.")
        var name: String

        @Option(help: "Where its users come from; without it, what the server's users log in by.")
        var type: Kind?

        @Option(help: "Its distinguished name in LDAP.")
        var ldapDn: String?

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let kind = try await kind(session.client)
            if kind == .ldap, ldapDn == nil {
                throw HarborError.unusable("a group of LDAP needs its distinguished name; give --ldap-dn")
            }
            let body = JSONValue.object(of: [
                "group_name": .string(name), "group_type": .integer(kind.number), "ldap_group_dn": ldapDn.map { .string($0) },
            ])
            let answer = try await session.client.post(["usergroups"], body)
            session.done(
                "group '\(name)' was created",
                .object(of: ["group_name": .string(name), "id": answer.created.flatMap { Int64($0) }.map { .integer($0) }]),
                key: "group_name")
        }

        private func kind(_ client: HarborClient) async throws -> Kind {
            if let type { return type }
            if ldapDn != nil { return .ldap }
            switch try await client.get(["systeminfo"]).value.text("auth_mode") {
            case "ldap_auth": return .ldap
            case "http_auth": return .http
            default: return .oidc
            }
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List groups.", aliases: ["ls"])

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(["usergroups"], list.request()),
                [
                    Column("NAME", "group_name"), Column("ID", "id"), Column("TYPE") { Kind.name($0.integer("group_type")) },
                    Column("LDAP DN", "ldap_group_dn"),
                ], key: "group_name")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a group.", aliases: ["rm"])

        @Argument(help: "Its name.")
        var name: String

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await session.client.groupID(name)
            guard try deletion.allows("group '\(name)'", ["group_name": .string(name)], key: "group_name", session) else { return }
            try await session.client.delete(["usergroups", id])
            session.done("group '\(name)' was deleted", ["group_name": .string(name)], key: "group_name")
        }
    }
}
