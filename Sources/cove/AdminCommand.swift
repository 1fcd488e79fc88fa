import ArgumentParser
import CoveIdentity
import CoveMetadata
import Foundation

struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Look after accounts on the server itself, without logging in.",
        subcommands: [ResetPassword.self, Token.self])

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "reset-password",
            abstract: "Give a user a new password, and unlock the account.",
            discussion: """
                cove admin reset-password
                cove admin reset-password alice --password-stdin < password.txt

                Without --password-stdin a password is made up and printed. Tokens that the user was given before count no
                more.
                """)

        @Argument(help: "The user.")
        var user = Accounts.administratorName

        @Flag(help: "Read the password from standard input, as one line.")
        var passwordStdin = false

        @OptionGroup var store: StoreOptions

        func run() async throws {
            var password = Passwords.generate()
            if passwordStdin {
                guard let line = readLine(strippingNewline: true) else {
                    throw Console.failure("give the password on standard input, as one line")
                }
                do throws(PasswordRefusal) {
                    try Passwords.check(line)
                } catch {
                    throw Console.failure(error.description)
                }
                password = line
            }
            let name = try await store.withAccounts { [password] accounts in
                let hash = try await accounts.passwords.hash(password)
                return try await accounts.change { [user] store -> String in
                    guard let account = try store.accountCredentials(user) else { throw Console.failure("there is no user '\(user)'") }
                    guard account.source == "database" else {
                        throw Console.failure("the password of '\(account.name)' is not kept here but in its directory (\(account.source))")
                    }
                    try store.setPassword(hash, of: account.id)
                    return account.name
                }
            }
            if passwordStdin {
                print("the password of \(name) was changed")
            } else {
                print("user      \(name)\npassword  \(password)")
            }
        }
    }

    struct Token: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Personal access tokens: passwords of programs that speak for a user.",
            subcommands: [Create.self, List.self, Delete.self])

        struct Create: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Make a token and print it. It is not shown again.",
                discussion: "cove admin token create alice --name laptop --days 90")

            @Argument(help: "The user.")
            var user: String

            @Option(help: "What it is for.")
            var name: String

            @Option(help: "After how many days it ends; for ever without.")
            var days: Int?

            @OptionGroup var store: StoreOptions

            func run() async throws {
                guard !name.isEmpty, name.utf8.count <= 255 else { throw Console.failure("--name has 1 to 255 bytes") }
                if let days, !(1...36_500).contains(days) { throw Console.failure("--days is from 1 to 36500, not \(days)") }
                let token = AccessToken()
                try await store.withAccounts { accounts in
                    try await accounts.change { [self] store in
                        guard let account = try store.accountCredentials(user) else { throw Console.failure("there is no user '\(user)'") }
                        _ = try store.insertAccessToken(
                            token.hash, named: name, of: account.id,
                            expiresAt: days.map { .nowMicroseconds + Int64($0) * 86_400_000_000 })
                    }
                }
                print(token.text)
            }
        }

        struct List: AsyncParsableCommand {
            static let configuration = CommandConfiguration(abstract: "List a user's tokens.")

            @Argument(help: "The user.")
            var user: String

            @OptionGroup var store: StoreOptions

            @Flag(help: "Print the result as JSON.")
            var json = false

            func run() async throws {
                let tokens = try await store.withAccounts { accounts in
                    try await accounts.metadata.read { [user] store in
                        guard let account = try store.accountCredentials(user) else { throw Console.failure("there is no user '\(user)'") }
                        return try store.accessTokens(of: account.id)
                    }
                }
                if json {
                    Console.printJSON(
                        tokens.map {
                            var item: [String: Any] = ["id": $0.id, "name": $0.name, "created_at": Self.text($0.createdAt)]
                            if let end = $0.expiresAt { item["expires_at"] = Self.text(end) }
                            if let used = $0.usedAt { item["used_at"] = Self.text(used) }
                            return item
                        })
                } else {
                    for token in tokens {
                        let end = token.expiresAt.map { "until \(Self.text($0))" } ?? "for ever"
                        print("\(token.id)  \(token.name)  \(end)  \(token.usedAt.map { "used \(Self.text($0))" } ?? "never used")")
                    }
                }
            }

            private static func text(_ microseconds: Int64) -> String {
                Date(timeIntervalSince1970: Double(microseconds / 1_000_000)).formatted(.iso8601)
            }
        }

        struct Delete: AsyncParsableCommand {
            static let configuration = CommandConfiguration(
                abstract: "Delete a token. What it was exchanged for counts no more.")

            @Argument(help: "The user.")
            var user: String

            @Argument(help: "The token's number, as cove admin token list has it.")
            var id: Int64

            @OptionGroup var store: StoreOptions

            func run() async throws {
                let isThere = try await store.withAccounts { accounts in
                    try await accounts.change { [user, id] store in
                        guard let account = try store.accountCredentials(user) else { return false }
                        return try store.removeAccessToken(id, of: account.id)
                    }
                }
                guard isThere else { throw Console.failure("'\(user)' has no token \(id)") }
            }
        }
    }
}
