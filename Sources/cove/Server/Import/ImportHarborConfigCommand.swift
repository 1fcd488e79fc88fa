import ArgumentParser
import CoveCommands
import CoveConfiguration
import Foundation

struct ImportHarborConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harbor-config",
        abstract: "Turn a harbor.yml into Cove's configuration, and say for each key what became of it.",
        discussion: """
            cove import harbor-config harbor.yml -o config.yml

            With -o the configuration is written to a file that only its owner can read, as there are passwords in it, and what
            became of each key is printed. Without it, the configuration is printed, and the rest goes to standard error.
            """
    )

    @Argument(help: "A harbor.yml.", completion: .file(extensions: ["yml", "yaml"]))
    var file: String

    @Option(name: [.short, .long], help: "The file to write; there must be none.", completion: .file(extensions: ["yml", "yaml"]))
    var output: String?

    @Flag(help: "Replace the file.")
    var force = false

    @Flag(help: "Print what became of each key as JSON.")
    var json = false

    func run() async throws {
        guard let data = FileManager.default.contents(atPath: file) else { throw Console.failure("'\(file)' cannot be read") }
        let made: HarborConfiguration
        do throws(HarborConfiguration.Malformed) {
            made = try HarborConfiguration(parsing: String(decoding: data, as: UTF8.self))
        } catch {
            throw Console.failure("'\(file)': \(error.description)")
        }
        if let output { try write(made.text, to: output) }
        let problems = try check(made.text)
        if json {
            let value = JSONValue.object(of: [
                "file": .string(file), "output": output.map { .string($0) }, "keys": made.json,
                "configuration": output == nil ? .string(made.text) : nil, "problems": .array(problems.map { .string($0) }),
            ])
            print(value.text(isPretty: true))
        } else if output == nil {
            print(made.text, terminator: "")
            Console.note(Self.report(made))
        } else {
            print(Self.report(made))
        }
        for problem in problems { Console.warn("see to this before it starts: \(problem)") }
    }

    private static func report(_ made: HarborConfiguration) -> String {
        let items = made.findings.map { finding -> JSONValue in
            ["key": .string(finding.key), "fate": .string(finding.fate.rawValue), "detail": .string(finding.detail)]
        }
        return Table.lines(items, [Column("KEY", "key"), Column("NOW", "fate"), Column("", "detail")])
    }

    private func write(_ text: String, to path: String) throws {
        guard force || !FileManager.default.fileExists(atPath: path) else {
            throw Console.failure("'\(path)' is there already; name another file, or replace it with --force")
        }
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | (force ? 0 : O_EXCL), 0o600)
        guard descriptor >= 0 else { throw Console.failure("'\(path)' cannot be written: \(String(cString: strerror(errno)))") }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        do {
            try handle.write(contentsOf: Data(text.utf8))
            try handle.close()
        } catch {
            throw Console.failure("'\(path)' cannot be written: \(error)")
        }
    }

    /// What `cove config check` would say of the text alone.
    private func check(_ text: String) throws -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(yaml: text)
            return []
        } catch {
            return error.problems
        }
    }
}
