import ArgumentParser

/// A page of help: `cove help exit-codes`.
struct ExitCodesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exit-codes",
        abstract: "What commands end with.",
        discussion: """
            0   done
            1   failed, with the reason on standard error
            2   done, but something of it is broken or could not be taken over, as listed (import, export, garbage-collect)
            3   not logged in, or the login was not accepted
            4   forbidden
            5   not found
            6   in conflict with what is there: it is there already, or something is still in it
            7   the server cannot be reached
            64  wrong usage: an unknown command or option, or a value that makes no sense

            3 to 7 come from commands at a server. They do not change.
            """
    )

    func run() async throws { print(Self.helpMessage(columns: 120)) }
}
