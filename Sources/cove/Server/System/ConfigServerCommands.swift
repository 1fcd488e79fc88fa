import ArgumentParser
import CoveCommands

extension ConfigCommand {
    struct Get: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Settings of a server: all, or those that are named.", discussion: "cove config get auth_mode robot_name_prefix")

        @Argument(help: "Names of settings, as Harbor has them.")
        var names: [String] = []

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            let all = try await session.client.get(["configurations"]).value.fields
            for name in names where all[name] == nil { throw ConfigNames.unknown(name, all) }
            let chosen = names.isEmpty ? all.keys.sorted() : names
            guard session.output == .table else { return session.show(JSONValue.object(all).picking(chosen), [], key: "") }
            if names.count == 1 || session.isQuiet {
                for name in chosen { print(Column.text(ConfigNames.value(all[name]))) }
                return
            }
            let items = chosen.map { name in
                JSONValue.object(of: ["name": .string(name), "value": ConfigNames.value(all[name]), "editable": all[name]?["editable"]])
            }
            let columns = [Column("NAME", "name"), Column("VALUE", "value"), Column("EDITABLE", "editable", .yesNo)]
            session.show(Listing(items: items, total: nil), columns, key: "value")
        }
    }

    struct Set: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change settings of a server.",
            discussion: """
                cove config set self_registration=false robot_name_prefix=bot$
                cove config set ldap_search_password --password-stdin < password.txt
                """
        )

        @Argument(help: "NAME=VALUE, as often as wanted; with --password-stdin one NAME.")
        var settings: [String]

        @Flag(help: "Read the value of the one setting that is named from standard input.")
        var passwordStdin = false

        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard !settings.isEmpty else { throw ValidationError("name a setting: NAME=VALUE") }
            if passwordStdin {
                guard settings.count == 1, !settings[0].contains("=") else {
                    throw ValidationError("with --password-stdin give one NAME, without a value")
                }
            } else if let wrong = settings.first(where: { !$0.contains("=") || $0.hasPrefix("=") }) {
                throw ValidationError("'\(wrong)' is not NAME=VALUE")
            }
        }

        func run(_ session: ServerSession) async throws {
            let all = try await session.client.get(["configurations"]).value.fields
            var changes: [String: JSONValue] = [:]
            for setting in settings {
                let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
                let text = passwordStdin ? try PasswordInput.line() : parts[1]
                changes[parts[0]] = try ConfigNames.typed(text, parts[0], all)
            }
            _ = try await session.client.put(["configurations"], .object(changes))
            let names = changes.keys.sorted()
            session.done("set: \(names.joined(separator: ", "))", ["names": .array(names.map { .string($0) })], key: "names")
        }
    }
}

private enum ConfigNames {
    /// Settings that are written and never shown.
    private static let secrets = ["ldap_search_password", "oidc_client_secret", "uaa_client_secret"]

    static func value(_ item: JSONValue?) -> JSONValue? { item?["value"] ?? item }

    /// A text as the type that the setting has now.
    static func typed(_ text: String, _ name: String, _ all: [String: JSONValue]) throws -> JSONValue {
        guard let now = all[name].flatMap({ value($0) }) else {
            if secrets.contains(name) { return .string(text) }
            throw unknown(name, all)
        }
        switch now {
        case .boolean:
            guard let value = Bool(text) else { throw HarborError.unusable("\(name) is true or false, not '\(text)'") }
            return .boolean(value)
        case .integer:
            guard let value = Int64(text) else { throw HarborError.unusable("\(name) is a whole number, not '\(text)'") }
            return .integer(value)
        default: return .string(text)
        }
    }

    static func unknown(_ name: String, _ all: [String: JSONValue]) -> HarborError {
        let near = all.keys.filter { $0.contains(name) || name.contains($0) }.sorted()
        let hint = near.isEmpty ? "cove config get lists them" : "there is \(near.joined(separator: ", "))"
        return .missing("the server has no setting '\(name)'; \(hint)")
    }
}
