import ArgumentParser
import CoveCommands

struct ProjectMemberCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "member", abstract: "Who has which role in a project.",
        subcommands: [Add.self, List.self, Update.self, Delete.self], aliases: ["members"])

    struct Add: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give users and groups a role.",
            discussion: """
                cove project member add team --members alice,bob --role developer
                cove project member add team --members group:developers --role maintainer
                """,
            aliases: ["create"])

        @Argument(help: "The project.")
        var project: String

        @Option(
            name: [.long, .customLong("member"), .customLong("username")], parsing: .upToNextOption,
            help: "Users and groups, separated by commas; user:NAME and group:NAME say which is meant.")
        var members: [String]

        @Option(help: ArgumentHelp("\(RoleName.known).", valueName: "role"))
        var role: String

        @OptionGroup var server: ServerOptions

        func validate() throws { try Members.check(role) }

        func run(_ session: ServerSession) async throws {
            let names = members.flatMap { $0.split(separator: ",") }.map { MemberName(parsing: String($0)) }
            var added: [JSONValue] = []
            for name in names {
                let body = try await Members.body(name, RoleName.id(role) ?? 0, session.client)
                let answer = try await session.client.post(["projects", project, "members"], body)
                added.append(.object(of: ["id": answer.created.map { .string($0) }, "name": .string(name.name), "role": .string(role)]))
            }
            session.done(
                "\(names.map(\.name).joined(separator: ", ")): \(role) of project '\(project)' now",
                added.count == 1 ? added[0] : .array(added), key: "id")
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the members.", aliases: ["ls"])

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(
                try await session.client.list(["projects", project, "members"], list.request()),
                [
                    Column("NAME", "entity_name"), Column("ID", "id"),
                    Column("KIND") { $0.text("entity_type") == "g" ? "group" : "user" }, Column("ROLE", "role_name"),
                ], key: "entity_name")
        }
    }

    struct Update: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Give a member another role.")

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The user or group; user:NAME and group:NAME say which is meant.")
        var member: String

        @Option(help: ArgumentHelp("\(RoleName.known).", valueName: "role"))
        var role: String

        @OptionGroup var server: ServerOptions

        func validate() throws { try Members.check(role) }

        func run(_ session: ServerSession) async throws {
            let id = try await Members.id(member, project, session.client)
            _ = try await session.client.put(["projects", project, "members", id], ["role_id": .integer(RoleName.id(role) ?? 0)])
            session.done("'\(member)' is \(role) of project '\(project)' now", ["id": .string(id), "role": .string(role)], key: "id")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Take a member's role away.", aliases: ["rm", "remove"])

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The user or group; user:NAME and group:NAME say which is meant.")
        var member: String

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await Members.id(member, project, session.client)
            let what = "'\(member)' from the members of project '\(project)'"
            guard try deletion.allows(what, ["id": .string(id)], key: "id", session) else { return }
            try await session.client.delete(["projects", project, "members", id])
            session.done("'\(member)' is no member of project '\(project)' any more", ["id": .string(id)], key: "id")
        }
    }
}

private enum Members {
    static func check(_ role: String) throws {
        guard RoleName.id(role) != nil else { throw ValidationError("'\(role)' is no role; say \(RoleName.known)") }
    }

    static func id(_ member: String, _ project: String, _ client: HarborClient) async throws -> String {
        let found = try await client.member(MemberName(parsing: member), of: project)
        return found.integer("id").map(String.init) ?? ""
    }

    /// What adds a member. A name may be a user's or a group's, as long as it is not both.
    static func body(_ name: MemberName, _ role: Int64, _ client: HarborClient) async throws -> JSONValue {
        let user = name.kind == .group ? nil : try await client.user(name.name)
        let group = name.kind == .user ? nil : try await client.group(name.name)
        switch (user, group) {
        case (.some, .some):
            throw HarborError.unusable("a user and a group are called '\(name.name)'; say user:\(name.name) or group:\(name.name)")
        case (.some, nil): return ["role_id": .integer(role), "member_user": ["username": .string(name.name)]]
        case (nil, let group?):
            return [
                "role_id": .integer(role), "member_group": group.picking(["id", "group_name", "group_type", "ldap_group_dn"]),
            ]
        case (nil, nil):
            throw HarborError.missing("there is no user and no group '\(name.name)'; cove user list and cove usergroup list show them")
        }
    }
}
