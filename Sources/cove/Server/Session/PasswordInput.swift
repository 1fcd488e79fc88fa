import ArgumentParser
import CoveCommands
import Foundation

/// How a command gets a password without having it in the list of processes.
struct PasswordOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The password. Others on this machine can read it there: use --password-stdin.")
    var password: String?

    @Flag(help: "Read the password from standard input, as one line.")
    var passwordStdin = false

    func validate() throws {
        guard password == nil || !passwordStdin else { throw ValidationError("give --password or --password-stdin, not both") }
    }

    /// - Parameter prompt: what is asked at a terminal when no option says it.
    func read(_ prompt: String) throws -> String {
        if let password {
            Console.warn("a password in the arguments can be read by others on this machine; use --password-stdin")
            return password
        }
        if passwordStdin { return try PasswordInput.line() }
        return try PasswordInput.ask(prompt)
    }
}

enum PasswordInput {
    /// The first line of standard input.
    static func line() throws -> String {
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw HarborError.unusable("no password came on standard input; give it as one line")
        }
        return line.hasSuffix("\r") ? String(line.dropLast()) : line
    }

    /// Asks at the terminal, which does not show what is typed.
    static func ask(_ prompt: String) throws -> String {
        guard isatty(0) == 1 else { throw HarborError.unusable("no password was given; use --password-stdin") }
        FileHandle.standardError.write(Data("\(prompt): ".utf8))
        var before = termios()
        let isKnown = tcgetattr(0, &before) == 0
        var silent = before
        silent.c_lflag &= ~tcflag_t(ECHO)
        if isKnown { tcsetattr(0, TCSAFLUSH, &silent) }
        defer {
            if isKnown { tcsetattr(0, TCSAFLUSH, &before) }
            FileHandle.standardError.write(Data("\n".utf8))
        }
        return try line()
    }
}
