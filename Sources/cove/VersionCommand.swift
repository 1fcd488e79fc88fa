import ArgumentParser
import CoveServer

struct VersionCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        if json { Console.printJSON(["version": Version.current]) } else { print("cove \(Version.current)") }
    }
}
