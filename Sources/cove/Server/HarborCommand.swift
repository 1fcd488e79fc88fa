import ArgumentParser
import CoveServer

/// Cove under the name of `harbor-cli`, for scripts that call Harbor's command line.
struct HarborCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "harbor-cli",
        abstract: "Cove in the place of Harbor's command line. Every command of cove is here as well.",
        version: "harbor-cli (cove) \(Version.current)",
        subcommands: Cove.configuration.ungroupedSubcommands,
        groupedSubcommands: Cove.configuration.groupedSubcommands
    )

    private static let names: Set<String> = ["harbor-cli", "harbor"]

    static func isMeant(by name: String?) -> Bool {
        names.contains(name?.split(separator: "/").last.map(String.init) ?? "")
    }
}
