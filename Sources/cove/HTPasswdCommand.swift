import ArgumentParser
import CoveIdentity

struct HTPasswdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "htpasswd",
        abstract: "Print a line for an htpasswd file, with the password read from standard input.",
        discussion: "cove htpasswd alice < password.txt >> htpasswd"
    )

    @Argument(help: "The user's name.")
    var user: String

    @Option(help: "Bcrypt's cost, 4 to 31. Each step doubles the time of a login.")
    var cost = 10

    func run() async throws {
        guard let password = readLine(strippingNewline: true) else {
            throw Console.failure("give the password on standard input, as one line")
        }
        do throws(HTPasswdError) {
            print(try HTPasswd.line(user: user, password: password, cost: cost))
        } catch {
            throw Console.failure(error.description)
        }
    }
}
