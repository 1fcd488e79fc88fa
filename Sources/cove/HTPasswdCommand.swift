import ArgumentParser

struct HTPasswdCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "htpasswd", abstract: "TEMP")
}
