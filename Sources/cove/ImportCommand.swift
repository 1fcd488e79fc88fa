import ArgumentParser
import CoveConfiguration
import CoveRegistry
import CoveServer
import Foundation
import Logging
import Synchronization

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Take over what another registry has: registry:2's files, or a Harbor.",
        discussion: """
            cove import /var/lib/registry                        registry:2's or registry:3's files; cove help import registry2
            cove import harbor --url https://harbor.example.org  a running Harbor, or another Cove
            cove import harbor-config harbor.yml                 Harbor's configuration
            """,
        subcommands: [ImportFilesCommand.self, ImportHarborCommand.self, ImportHarborConfigCommand.self],
        defaultSubcommand: ImportFilesCommand.self
    )
}

struct ImportFilesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "registry2",
        abstract: "Serve what registry:2 or registry:3 has stored: read its files into the metadata store.",
        discussion: """
            cove import /var/lib/registry
            cove import --config /etc/docker/registry/config.yml
            cove import s3://bucket/prefix --config config.yml

            SOURCE is the root directory of the old registry's storage (it holds docker/registry/v2), and the one that Cove
            serves from: blobs stay where they are, and nothing there is changed. Without --config, the metadata goes to
            SOURCE/cove.db; S3 needs a configuration, which says how to reach it and where the metadata is.

            A server may be running: each image can be pulled as soon as it is read. What was imported before is passed over,
            so a run that was ended goes on when it is started again, and a second one adds what is new and changes nothing
            else: tags that moved or were deleted in Cove stay so. Whatever cannot be imported is listed.

            Exit code 0: everything was imported. 1: it could not be done, or not to its end; run it again. 2: it was done, and
            some of what is there is broken and was not imported, as listed.
            """
    )

    @Argument(help: "The old registry's root directory, or s3://bucket/prefix. Without it, the configuration's.", completion: .directory)
    var source: String?

    @Option(help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH.", completion: .file(extensions: ["yml", "yaml"]))
    var config: String?

    @Flag(help: "Only say what would be imported, and what is broken.")
    var dryRun = false

    @Flag(help: "Read and hash every layer, instead of only looking whether it is there and as long as it should be.")
    var verify = false

    @Flag(help: "Print the report as JSON.")
    var json = false

    /// Findings that a report has one by one.
    private static let mostFindings = 100_000

    func run() async throws {
        let configuration = try ImportSource.resolve(source, config: config)
        let maintenance = Maintenance(configuration, logger: .forCommands)
        var options = DistributionImport.Options()
        options.dryRun = dryRun
        options.verify = verify
        let bar = ProgressBar()
        let findings = Mutex<[ImportFinding]>([])
        let printsAtOnce = !json
        let began = ContinuousClock.now
        let report: ImportReport
        do throws(ServeError) {
            report = try await maintenance.importRegistry(options) { finding in
                findings.withLock { if $0.count < Self.mostFindings { $0.append(finding) } }
                guard printsAtOnce, finding.kind.isDamage else { return }
                bar.clear()
                print("\(finding.kind.rawValue): \(finding.path)" + (finding.detail.isEmpty ? "" : ": \(finding.detail)"))
            } onProgress: { progress in
                bar.show("\(progress.report.tags) tags", Int64(progress.done), of: Int64(progress.total))
            }
        } catch {
            bar.end()
            throw Console.failure(error.description)
        }
        bar.end()
        let seconds = (ContinuousClock.now - began) / .seconds(1)
        if json { printJSON(report, findings.withLock { $0 }, seconds) } else { printText(report, seconds) }
        if report.isDamaged { throw ExitCode(2) }
    }

    private func printText(_ report: ImportReport, _ seconds: Double) {
        let verb = dryRun ? "would import" : "imported"
        print(
            "\(verb) \(report.manifests) manifests and \(report.tags) tags in \(report.repositories) repositories, in \(Self.rounded(seconds)) s"
        )
        if report.knownManifests + report.knownTags > 0 {
            print("\(report.knownManifests) manifests and \(report.knownTags) tags were known already")
        }
        for (kind, count) in report.findings.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            print("\(kind.isDamage ? "broken" : "left as it is"): \(count) \(kind.rawValue)")
        }
    }

    private func printJSON(_ report: ImportReport, _ findings: [ImportFinding], _ seconds: Double) {
        let total = report.findings.values.reduce(0, +)
        Console.printJSON([
            "dryRun": dryRun, "repositories": report.repositories, "manifests": report.manifests, "tags": report.tags,
            "layers": report.layers, "knownManifests": report.knownManifests, "knownTags": report.knownTags,
            "damaged": report.isDamaged, "seconds": Self.rounded(seconds),
            "findings": Dictionary(uniqueKeysWithValues: report.findings.map { ($0.key.rawValue, $0.value) }),
            // In one order, whichever repository was read first.
            "found": findings.sorted { ($0.path, $0.kind.rawValue, $0.detail) < ($1.path, $1.kind.rawValue, $1.detail) }.map {
                ["kind": $0.kind.rawValue, "damage": $0.kind.isDamage, "path": $0.path, "detail": $0.detail] as [String: Any]
            },
            "omitted": max(0, total - findings.count),
        ])
    }

    private static func rounded(_ seconds: Double) -> Double { (seconds * 100).rounded() / 100 }
}

/// Which registry an import is about.
enum ImportSource {
    /// The configuration under which `source` is imported.
    static func resolve(_ source: String?, config: String?) throws -> Configuration {
        var (configuration, warnings) = try loadConfiguration(config)
        for warning in warnings { Console.warn(warning) }
        guard let source else { return configuration }
        if source.hasPrefix("s3://") {
            guard case .s3(let settings) = configuration.storage.driver else {
                throw Console.failure("\(source): name a config.yml with --config whose storage.s3 says how to reach the bucket")
            }
            let wanted = source.hasSuffix("/") ? String(source.dropLast()) : source
            guard settings.place == wanted else {
                throw Console.failure(
                    "\(source) is not where the configuration's storage is (\(settings.place)); set storage.s3.bucket and storage.s3.rootdirectory to it, as blobs stay where they are"
                )
            }
            return configuration
        }
        let directory = root(of: source)
        var isThere: ObjCBool = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isThere), isThere.boolValue else {
            throw Console.failure("there is no directory '\(directory)'")
        }
        let environment = ProcessInfo.processInfo.environment
        let isConfigured =
            config != nil || environment.keys.contains { $0 == "REGISTRY_CONFIGURATION_PATH" || $0.hasPrefix("REGISTRY_STORAGE_") }
        guard case .filesystem(let root, let threads) = configuration.storage.driver else {
            throw Console.failure(
                "'\(source)' is a directory, and the configuration's storage is none; name a config.yml with storage.filesystem")
        }
        if !isConfigured {
            configuration.storage.driver = .filesystem(rootDirectory: directory, maxThreads: threads)
        } else if !isSame(root, directory) {
            throw Console.failure(
                "'\(directory)' is not the configuration's storage.filesystem.rootdirectory ('\(root)'), and blobs stay where they are; set it to '\(directory)', or put the files there: cp -al '\(directory)/docker' '\(root)/'"
            )
        }
        return configuration
    }

    /// The root directory, also when what is inside was named.
    private static func root(of path: String) -> String {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        for inside in ["/docker/registry/v2", "/docker/registry", "/docker"] where path.hasSuffix(inside) {
            return String(path.dropLast(inside.count))
        }
        return path
    }

    private static func isSame(_ one: String, _ other: String) -> Bool {
        func resolved(_ path: String) -> String { URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path }
        return resolved(one) == resolved(other)
    }
}

extension Logger {
    /// What a command has to say beside its results: warnings, on standard error.
    static var forCommands: Logger {
        var logger = Logger(label: "cove") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = .warning
        return logger
    }
}
