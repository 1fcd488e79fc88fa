import ArgumentParser
import CoveBlobs
import CoveRegistry
import CoveServer
import Foundation

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write what the registry has for another one to serve.", subcommands: [Registry2.self])

    struct Registry2: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "registry2",
            abstract: "Write registry:2's files, so that registry:2 or registry:3 serves the same images.",
            discussion: """
                cove export registry2 /srv/exported --config config.yml
                cove export registry2 /var/lib/registry --prune --config config.yml     back to registry:2 in the same place

                A server may be running: each repository is written as it is when its turn comes. What DIR has already is left
                alone, so a run that was ended goes on when it is started again. Blobs on a filesystem get a second name (a hard
                link) where that is possible and are copied where not; blobs in S3 are copied.

                DIR may be the root directory that Cove serves from. Tags and manifests that DIR has and Cove has not (deleted
                since an import, say) stay there unless --prune is given.

                Exit code 0: all is there. 1: it could not be done, or not to its end; run it again. 2: it was done, and the
                bytes of some blobs are missing from Cove's own storage, as listed.
                """
        )

        @Argument(help: "The directory, made if need be: storage.filesystem.rootdirectory of the other registry.", completion: .directory)
        var directory: String

        @Option(
            help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
        var config: String?

        @Option(help: "Only these repositories: * stands for any text within a component, ** for any text.")
        var repository = "**"

        @Flag(help: "Fail where a blob cannot be linked, instead of copying it.")
        var link = false

        @Flag(help: "Copy every blob.")
        var copy = false

        @Flag(help: "Remove tags and manifests of these repositories from DIR that Cove does not have.")
        var prune = false

        @Flag(help: "Print the report as JSON.")
        var json = false

        func validate() throws {
            if link, copy { throw ValidationError("give --link or --copy, not both") }
        }

        func run() async throws {
            let (configuration, warnings) = try loadConfiguration(config)
            for warning in warnings { Console.warn(warning) }
            let bar = ProgressBar()
            var options = DistributionExport.Options()
            options.repositories = repository
            options.prune = prune
            let report: DistributionExport.Report
            do throws(ServeError) {
                report = try await Maintenance(configuration, logger: .forCommands).exportRegistry(
                    to: directory, method: link ? .link : copy ? .copy : .any, options
                ) { progress in
                    bar.show(progress.repository, Int64(progress.done), of: Int64(progress.total))
                }
            } catch {
                bar.end()
                throw Console.failure(error.description)
            }
            bar.end()
            if json { printJSON(report) } else { printText(report) }
            if !report.missing.isEmpty { throw ExitCode(2) }
        }

        private func printText(_ report: DistributionExport.Report) {
            for digest in report.missing { print("missing: the bytes of \(digest)") }
            print("exported \(report.manifests) manifests and \(report.tags) tags in \(report.repositories) repositories to \(directory)")
            print("blobs: \(report.linked) linked, \(report.copied) copied, \(report.kept) there already, \(report.missing.count) missing")
            for warning in Self.warnings(report, prune) { Console.warn(warning) }
        }

        private func printJSON(_ report: DistributionExport.Report) {
            Console.printJSON([
                "directory": directory, "repositories": report.repositories, "manifests": report.manifests, "tags": report.tags,
                "layers": report.layers, "linked": report.linked, "copied": report.copied, "kept": report.kept,
                "missing": report.missing.map { "\($0)" }, "strangers": report.strangers, "pruned": report.pruned,
                "sha512": report.sha512, "referrers": report.referrers, "artifacts": report.artifacts,
                "warnings": Self.warnings(report, prune),
            ])
        }

        private static func warnings(_ report: DistributionExport.Report, _ prune: Bool) -> [String] {
            var warnings: [String] = []
            if report.referrers > 0 {
                warnings.append(
                    "\(report.referrers) manifests refer to a subject: they are exported, but registry:2 has no referrers API to list them")
            }
            if report.sha512 > 0 {
                warnings.append(
                    "\(report.sha512) manifests or blobs have SHA-512 digests: they are exported, but not every version of registry:2 serves them"
                )
            }
            if report.artifacts > 0 {
                warnings.append(
                    "\(report.artifacts) manifests are of type application/vnd.oci.artifact.manifest.v1+json: they are exported, but registry:2 does not know the type"
                )
            }
            if report.strangers > report.pruned, !prune {
                warnings.append("\(report.strangers) tags or manifests are there that Cove does not have; --prune removes them")
            }
            return warnings
        }
    }
}
