import ArgumentParser
import Foundation

/// Whether something is shown again and again.
struct WatchOptions: ParsableArguments {
    @Flag(help: "Show it again every few seconds, until Ctrl-C.")
    var watch = false

    @Option(help: "Seconds between two looks, with --watch.")
    var interval = 2.0

    func validate() throws {
        guard interval >= 0.1, interval <= 86_400 else {
            throw ValidationError("--interval is \(interval); it can be 0.1 to 86400 seconds")
        }
    }

    func run(_ body: () async throws -> Void) async throws {
        guard watch else { return try await body() }
        let isTerminal = isatty(1) == 1
        while true {
            // Home, and away with what was there.
            if isTerminal { print("\u{1B}[H\u{1B}[2J", terminator: "") }
            try await body()
            fflush(nil)
            try await Task.sleep(for: .seconds(interval))
        }
    }
}
