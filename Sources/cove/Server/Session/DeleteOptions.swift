import ArgumentParser
import CoveCommands
import Foundation

/// Whether something is really deleted: asked at a terminal, and never in a script, which said what it wants.
struct DeleteOptions: ParsableArguments {
    @Flag(name: [.short, .long], help: "Do not ask at the terminal.")
    var yes = false

    @Flag(help: "Only say what would be deleted.")
    var dryRun = false

    /// - Parameters:
    ///   - what: `project 'team'`, which was found already.
    ///   - value: the same for scripts.
    /// - Throws: ``HarborError/unusable(_:)`` when it was asked for and the answer was not yes.
    func allows(_ what: String, _ value: JSONValue, key: String = "name", _ session: ServerSession) throws -> Bool {
        if dryRun {
            session.done("would delete \(what)", value, key: key)
            return false
        }
        guard !yes, isatty(0) == 1 else { return true }
        FileHandle.standardError.write(Data(Table.printable("Delete \(what)? [y/N] ").utf8))
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw HarborError.unusable("nothing was deleted; answer y, or give --yes")
        }
        return true
    }
}
