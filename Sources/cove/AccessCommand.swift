import ArgumentParser
import CoveIdentity
import CoveMetadata

struct AccessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "access", abstract: "Tell who may do what, and why.",
        subcommands: [Explain.self, Grant.self, Revoke.self, Grants.self])

    struct Explain: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say why a user or a robot may do something, or may not.",
            discussion: """
                cove access explain alice push team/app
                cove access explain 'robot$team+ci' tag:create team
                cove access explain anonymous pull library/alpine

                The exit code is 0 when it is allowed and 1 when it is not.
                """)

        @Argument(help: "A user's name, a robot's with its prefix, or anonymous.")
        var user: String

        @Argument(help: "pull, push, delete, read, or a resource and an action of Harbor's API, such as label:create.")
        var action: String

        @Argument(help: "system, a project (team), or a repository (team/app, repository:app).")
        var resource: String

        @OptionGroup var store: StoreOptions

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            let question: AccessQuestion
            do throws(AccessQuestion.Malformed) {
                question = try AccessQuestion(action: action, resource: resource)
            } catch {
                throw Console.failure(error.description)
            }
            let explanation = try await store.withAccounts { try await $0.explain(user, question) }
            if json {
                Console.printJSON([
                    "user": user, "action": action, "resource": resource, "allowed": explanation.isAllowed,
                    "reasons": explanation.reasons.map { ["gives": $0.gives, "kind": $0.kind, "text": $0.text] },
                ])
            } else {
                print("\(user) \(explanation.isAllowed ? "may" : "may not") \(action) \(resource)")
                for reason in explanation.reasons { print("  \(reason.gives ? "+" : "-") \(reason.text)") }
            }
            if !explanation.isAllowed { throw ExitCode.failure }
        }
    }

    struct Grant: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a user or a group into some repositories of a project, beside the roles.",
            discussion: """
                cove access grant team 'frontend/**' --user alice --actions pull,push

                The pattern is about the name without the project: * is anything within a component, ** also beyond it.
                """)

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "Which repositories: 'app', 'frontend/*', '**'.")
        var pattern: String

        @Option(help: "Whom: a user.")
        var user: String?

        @Option(help: "Or a group.")
        var group: String?

        @Option(help: "Some of pull, push and delete.")
        var actions = "pull"

        @OptionGroup var store: StoreOptions

        func run() async throws {
            let terms: GrantTerms
            do throws(GrantTerms.Malformed) {
                terms = try GrantTerms(pattern: pattern, actions: actions.split(separator: ",").map(String.init))
            } catch {
                throw Console.failure(error.description)
            }
            guard (user == nil) != (group == nil) else { throw Console.failure("give either --user or --group") }
            let id = try await store.withAccounts { accounts in
                try await accounts.change { [self] store -> Int64? in
                    guard let project = try store.project(named: project) else {
                        throw Console.failure("there is no project '\(self.project)'")
                    }
                    return try store.insertRepositoryGrant(
                        in: project.id, to: try entity(store), pattern: terms.pattern, actions: terms.actions)
                }
            }
            guard let id else { throw Console.failure("there is such a grant on '\(pattern)' already; cove access grants lists them") }
            print("grant \(id)")
        }

        private func entity(_ store: MetadataTransaction) throws -> MemberEntity {
            if let user {
                guard let found = try store.accountCredentials(user) else { throw Console.failure("there is no user '\(user)'") }
                return .account(found.id)
            }
            let name = group ?? ""
            guard let found = try store.accountGroupID(name) else { throw Console.failure("there is no group '\(name)'") }
            return .group(found)
        }
    }

    struct Revoke: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Take back a grant.")

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The grant's number, as cove access grants lists it.")
        var grant: Int64

        @OptionGroup var store: StoreOptions

        func run() async throws {
            let isThere = try await store.withAccounts { accounts in
                try await accounts.change { [self] store in
                    guard let project = try store.project(named: project) else { return false }
                    return try store.removeRepositoryGrant(grant, in: project.id)
                }
            }
            guard isThere else { throw Console.failure("the project '\(project)' has no grant \(grant)") }
        }
    }

    struct Grants: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the grants of a project.")

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var store: StoreOptions

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            let grants = try await store.withAccounts { accounts in
                try await accounts.metadata.read { [self] store in
                    guard let project = try store.project(named: project) else {
                        throw Console.failure("there is no project '\(self.project)'")
                    }
                    return try store.repositoryGrants(in: project.id)
                }
            }
            if json {
                Console.printJSON(
                    grants.map {
                        var item: [String: Any] = ["id": $0.id, "pattern": $0.pattern, "actions": $0.actions.joined(separator: ",")]
                        if let user = $0.user { item["user"] = user }
                        if let group = $0.group { item["group"] = group }
                        return item
                    })
            } else {
                for grant in grants {
                    let who = grant.user.map { "user \($0)" } ?? "group \(grant.group ?? "")"
                    print("\(grant.id)  \(who)  \(grant.actions.joined(separator: ","))  \(grant.pattern)")
                }
            }
        }
    }
}
