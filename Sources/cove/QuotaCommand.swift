import ArgumentParser

struct QuotaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quota", abstract: "What projects may hold, and what they do.", discussion: ServerFailure.help,
        subcommands: [List.self, View.self, Update.self, QuotaExplainCommand.self], aliases: ["quotas"])
}
