import ArgumentParser
import CoveCommands

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Users of a server.", discussion: ServerFailure.help,
        subcommands: [Create.self, List.self, View.self, Delete.self, Elevate.self, Auditor.self, Password.self], aliases: ["users"])

    private static let columns = [
        Column("NAME", "username"), Column("ID", "user_id"), Column("EMAIL", "email"), Column("FULL NAME", "realname"),
        Column("ADMIN", "sysadmin_flag", .yesNo), Column("CREATED", "creation_time", .time),
    ]

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a user.",
            discussion: "cove user create alice --email alice@example.org --password-stdin < password.txt")

        @Argument(help: "The name to log in with.")
        var name: String

        @Option(help: "The address of mail.")
        var email: String?

        @Option(help: "The full name; without it, the name to log in with.")
        var realname: String?

        @Option(help: "A comment.")
        var comment: String?

        @OptionGroup var password: PasswordOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let body = JSONValue.object(of: [
                "username": .string(name), "password": .string(try password.read("Password of \(name)")),
                "email": email.map { .string($0) }, "realname": .string(realname ?? name), "comment": comment.map { .string($0) },
            ])
            let answer = try await session.client.post(["users"], body)
            session.done(
                "user '\(name)' was created",
                .object(of: ["username": .string(name), "user_id": answer.created.flatMap { Int64($0) }.map { .integer($0) }]),
                key: "username")
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List users.", aliases: ["ls"])

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.list(["users"], list.request()), columns, key: "username")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a user.", aliases: ["show"])

        @Argument(help: "The user's name.")
        var name: String

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await session.client.userID(name)
            session.show(try await session.client.get(["users", id]).value, columns + [Column("COMMENT", "comment")], key: "username")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a user.", aliases: ["rm"])

        @Argument(help: "The user's name.")
        var name: String

        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await session.client.userID(name)
            guard try deletion.allows("user '\(name)'", ["username": .string(name)], key: "username", session) else { return }
            try await session.client.delete(["users", id])
            session.done("user '\(name)' was deleted", ["username": .string(name)], key: "username")
        }
    }

    struct Elevate: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a user a system administrator, or with --revoke an ordinary user again.")

        @Argument(help: "The user's name.")
        var name: String

        @Flag(help: "Take the administrator's rights away.")
        var revoke = false

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await session.client.userID(name)
            _ = try await session.client.put(["users", id, "sysadmin"], ["sysadmin_flag": .boolean(!revoke)])
            session.done(
                "user '\(name)' is \(revoke ? "no administrator any more" : "an administrator now")",
                ["username": .string(name), "sysadmin_flag": .boolean(!revoke)], key: "username")
        }
    }

    struct Auditor: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a user an auditor, who sees everything and changes nothing, or with --revoke an ordinary user again.")

        @Argument(help: "The user's name.")
        var name: String

        @Flag(help: "Take the auditor's rights away.")
        var revoke = false

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let id = try await session.client.userID(name)
            _ = try await session.client.put(["users", id, "auditor"], ["auditor_flag": .boolean(!revoke)])
            session.done(
                "user '\(name)' is \(revoke ? "no auditor any more" : "an auditor now")",
                ["username": .string(name), "auditor_flag": .boolean(!revoke)], key: "username")
        }
    }

    struct Password: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a password: one's own, or as an administrator another's.",
            discussion: """
                cove user password                                        asks at the terminal
                cove user password alice --password-stdin < new.txt       as an administrator
                printf '%s\\n%s\\n' OLD NEW | cove user password --password-stdin
                """
        )

        @Argument(help: "The user's name; without it, one's own.")
        var name: String?

        @OptionGroup var password: PasswordOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let me = try await session.client.get(["users", "current"]).value
            let mine = me.text("username") ?? ""
            let isMine = name == nil || name == mine
            let name = name ?? mine
            let id = isMine ? me.integer("user_id").map(String.init) ?? "" : try await session.client.userID(name)
            let old: String? = isMine ? try oldPassword() : nil
            let body = JSONValue.object(of: [
                "old_password": old.map { .string($0) }, "new_password": .string(try password.read("New password of \(name)")),
            ])
            _ = try await session.client.put(["users", id, "password"], body)
            session.done("the password of '\(name)' was changed", ["username": .string(name)], key: "username")
            if isMine { Console.note("log in again with it: cove login \(session.client.address) -u '\(Table.printable(name))'") }
        }

        private func oldPassword() throws -> String {
            password.passwordStdin ? try PasswordInput.line() : try PasswordInput.ask("Old password")
        }
    }
}
