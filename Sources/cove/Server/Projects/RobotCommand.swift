import ArgumentParser
import CoveCommands

struct RobotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "robot", abstract: "Accounts for programs: of a project, or of the whole system.", discussion: ServerFailure.help,
        subcommands: [Create.self, List.self, View.self, Delete.self, Refresh.self, Enable.self, Disable.self], aliases: ["robots"])

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a robot, and print its secret, which nobody can be shown again.",
            discussion: """
                cove robot create ci --project team --permissions pull,push --duration 90
                cove robot create reader --system --permissions pull
                """
        )

        @Argument(help: "Its name; the server puts its prefix and the project before it.")
        var name: String

        @Option(name: [.short, .long], help: "The project that it is of.")
        var project: String?

        @Flag(help: "Make it a robot of the system, with its permissions in every project.")
        var system = false

        @OptionGroup var rights: RobotRights
        @OptionGroup var server: ServerOptions

        func validate() throws {
            guard (project == nil) == system else { throw ValidationError("say --project NAME or --system") }
        }

        func run(_ session: ServerSession) async throws {
            try await rights.create(name, project: project, session)
        }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List robots: a project's, or the system's.", aliases: ["ls"])

        @Option(name: [.short, .long], help: "The project; without it, robots of the system.")
        var project: String?

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.robots(of: project, list.request()), Robots.columns, key: "name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a robot.", aliases: ["show"])

        @OptionGroup var robot: RobotChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await robot.find(session), Robots.columns + [Column("MAY", Robots.rights)], key: "name")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a robot.", aliases: ["rm"])

        @OptionGroup var robot: RobotChoice
        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Robots.delete(try await robot.find(session), deletion, session) }
    }

    struct Refresh: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Give a robot a new secret, and print it.")

        @OptionGroup var robot: RobotChoice

        @Flag(help: "Read the new secret from standard input, instead of having the server make one.")
        var secretStdin = false

        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            try await Robots.refresh(try await robot.find(session), secretStdin ? try PasswordInput.line() : "", session)
        }
    }

    struct Enable: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Let a robot log in again.")

        @OptionGroup var robot: RobotChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Robots.set(try await robot.find(session), isDisabled: false, session) }
    }

    struct Disable: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Keep a robot from logging in.")

        @OptionGroup var robot: RobotChoice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Robots.set(try await robot.find(session), isDisabled: true, session) }
    }
}

/// Which robot.
struct RobotChoice: ParsableArguments {
    @Argument(help: "Its name, or its id.")
    var name: String

    @Option(name: [.short, .long], help: "The project that it is of.")
    var project: String?

    func find(_ session: ServerSession) async throws -> JSONValue { try await session.client.robot(name, of: project) }
}
