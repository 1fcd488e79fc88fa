import ArgumentParser
import CoveCommands

struct ProjectRobotCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "robot", abstract: "A project's robots.",
        subcommands: [Create.self, List.self, View.self, Delete.self, Refresh.self], aliases: ["robots"])

    struct Create: ServerCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a robot, and print its secret.", discussion: "cove project robot create team ci --permissions pull,push")

        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The robot's name.")
        var name: String

        @OptionGroup var rights: RobotRights
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await rights.create(name, project: project, session) }
    }

    struct List: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "List the robots.", aliases: ["ls"])

        @Argument(help: "The project.")
        var project: String

        @OptionGroup var list: ListOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await session.client.robots(of: project, list.request()), Robots.columns, key: "name")
        }
    }

    struct View: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Show a robot.", aliases: ["show"])

        @OptionGroup var robot: Choice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws {
            session.show(try await robot.find(session), Robots.columns + [Column("MAY", Robots.rights)], key: "name")
        }
    }

    struct Delete: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Delete a robot.", aliases: ["rm"])

        @OptionGroup var robot: Choice
        @OptionGroup var deletion: DeleteOptions
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Robots.delete(try await robot.find(session), deletion, session) }
    }

    struct Refresh: ServerCommand {
        static let configuration = CommandConfiguration(abstract: "Give a robot a new secret, and print it.")

        @OptionGroup var robot: Choice
        @OptionGroup var server: ServerOptions

        func run(_ session: ServerSession) async throws { try await Robots.refresh(try await robot.find(session), "", session) }
    }

    struct Choice: ParsableArguments {
        @Argument(help: "The project.")
        var project: String

        @Argument(help: "The robot's name, or its id.")
        var name: String

        func find(_ session: ServerSession) async throws -> JSONValue { try await session.client.robot(name, of: project) }
    }
}
