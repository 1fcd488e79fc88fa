import ArgumentParser
import CoveConfiguration
import CoveServer
import Foundation

struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Check and show configurations; get and set a server's settings.",
        subcommands: [Check.self, Show.self, Reference.self, Metrics.self, Get.self, Set.self]
    )

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say everything that is wrong with a configuration file.",
            discussion: """
                Exit code 0: the server would start with it. 1: it would not. Certificates and password files that are
                there are read; those that are not on this machine are warnings, as another may be the one that serves.
                """
        )

        @Argument(help: "A config.yml in registry:2's format.", completion: .file(extensions: ["yml", "yaml"]))
        var file: String

        @Flag(help: "Also reach for the database and the object store that it names. Nothing there is changed.")
        var connect = false

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() async throws {
            var problems: [String] = []
            var warnings: [String] = []
            do throws(ConfigurationError) {
                let (configuration, found) = try Configuration.load(
                    file: file, environment: ProcessInfo.processInfo.environment)
                warnings = found
                do throws(ServeError) {
                    warnings += try Serve.check(configuration)
                    if connect { try await Serve.checkConnections(configuration) }
                } catch {
                    problems = error.problems
                }
            } catch {
                problems = error.problems
            }
            if json {
                Console.printJSON(["file": file, "valid": problems.isEmpty, "problems": problems, "warnings": warnings])
                if !problems.isEmpty { throw ExitCode.failure }
                return
            }
            for warning in warnings { Console.warn(warning) }
            if !problems.isEmpty { throw Console.failure(problems) }
            print("\(file): ok")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the effective values: file, environment and defaults together. Secrets are masked.")

        @Argument(
            help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
        var file: String?

        @Flag(help: "Print JSON instead of YAML.")
        var json = false

        func run() async throws {
            let (configuration, warnings) = try loadConfiguration(file)
            for warning in warnings { Console.warn(warning) }
            if json {
                Console.printJSON(configuration.tree(maskingSecrets: true).plain)
            } else {
                print(configuration.rendered(maskingSecrets: true), terminator: "")
            }
        }
    }

    struct Reference: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every key with what it takes and whether it acts, as Markdown.")

        func run() async throws {
            print(Configuration.reference(), terminator: "")
        }
    }

    struct Metrics: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print every metric that a node may give, as Markdown.")

        func run() async throws {
            print(MetricPage.reference(), terminator: "")
        }
    }
}
