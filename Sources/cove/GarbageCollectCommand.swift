import ArgumentParser
import CoveConfiguration
import CoveRegistry
import CoveServer
import Foundation

struct GarbageCollectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "garbage-collect",
        abstract: "Delete layers that no manifest needs, beside a running server.",
        discussion: """
            cove garbage-collect /etc/docker/registry/config.yml
            cove garbage-collect --delete-untagged --dry-run config.yml

            As registry:2's, with the same flags, but nothing has to be stopped: when a server has the stores open, it does
            the work, and this command prints what it says. It goes in small transactions; ended anywhere, the next run goes on.
            storage.delete.enabled does not matter.

            Content that was pushed within --grace and that nothing refers to yet stays, as its manifest or tag may be on its
            way. What a manifest needed that has been deleted goes at once. With --delete-untagged, manifests go that have no
            tag, are in no index that stays, and refer to no subject that stays.

            Exit code 0: it was done. 1: it was not.
            """
    )

    @Flag(name: [.customShort("d"), .long], help: "Only say what would go.")
    var dryRun = false

    @Flag(name: [.customShort("m"), .long], help: "Delete manifests that nothing holds any more.")
    var deleteUntagged = false

    @Flag(name: [.customShort("q"), .long], help: "Print nothing but errors.")
    var quiet = false

    @Option(help: "How long what nothing refers to yet is kept: 0s, 30m, 1h.")
    var grace = "1h"

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Argument(
        help: "A config.yml; without it, REGISTRY_CONFIGURATION_PATH or the defaults.", completion: .file(extensions: ["yml", "yaml"]))
    var file: String?

    func run() async throws {
        var options = GarbageCollection.Options()
        options.dryRun = dryRun
        options.deleteUntagged = deleteUntagged
        options.quiet = quiet || json
        guard let grace = Duration(goSyntax: grace), grace >= .zero, grace <= .seconds(10 * 365 * 24 * 3600) else {
            throw Console.failure("--grace: '\(grace.prefix(40))' is not a duration such as 0s, 30m or 1h")
        }
        options.grace = Int(grace.components.seconds)
        let (configuration, warnings) = try loadConfiguration(file)
        for warning in warnings { Console.warn(warning) }
        let collected: Maintenance.Collected
        do throws(ServeError) {
            collected = try await Maintenance(configuration, logger: .forCommands).collectGarbage(options) { lines in
                for line in lines { print(line) }
            }
        } catch {
            throw Console.failure(error.description)
        }
        if json { printJSON(collected) } else if !quiet { printText(collected.outcome) }
    }

    private func printText(_ outcome: GarbageCollection.Outcome) {
        print("")
        print("\(outcome.marked) blobs marked, \(outcome.blobs) blobs and \(outcome.manifests) manifests eligible for deletion")
        print(dryRun ? "\(outcome.bytes) bytes would be freed" : "\(outcome.bytes) bytes freed")
        if outcome.youngBlobs > 0 {
            print(
                "\(outcome.youngBlobs) blobs (\(outcome.youngBytes) bytes) that no manifest needs yet were pushed within \(grace) and stay; --grace 0s takes them too"
            )
        }
        if outcome.youngManifests > 0 {
            print("\(outcome.youngManifests) manifests without a tag were pushed within \(grace) and stay; --grace 0s takes them too")
        }
    }

    private func printJSON(_ collected: Maintenance.Collected) {
        let outcome = collected.outcome
        Console.printJSON([
            "dryRun": dryRun, "repositories": outcome.repositories, "marked": outcome.marked, "manifests": outcome.manifests,
            "blobs": outcome.blobs, "bytes": outcome.bytes, "youngManifests": outcome.youngManifests,
            "youngBlobs": outcome.youngBlobs, "youngBytes": outcome.youngBytes, "byServer": collected.byServer,
        ])
    }
}
