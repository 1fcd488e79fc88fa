import Foundation
import Synchronization

/// A line on standard error that says how far something has come; nothing when that is not a terminal.
final class ProgressBar: Sendable {
    private struct State {
        var drawn = ContinuousClock.now - .seconds(1)
        var isShown = false
    }

    private static let width = 30

    private let isTerminal = isatty(2) == 1
    private let state = Mutex(State())

    func show(_ what: String, _ done: Int64, of total: Int64) {
        guard isTerminal else { return }
        state.withLock { state in
            guard ContinuousClock.now - state.drawn > .milliseconds(100) || done == total else { return }
            state.drawn = .now
            state.isShown = true
            let share = total > 0 ? Double(done) / Double(total) : 1
            let filled = Int(share * Double(Self.width))
            let bar = String(repeating: "#", count: filled) + String(repeating: ".", count: Self.width - filled)
            write("\r[\(bar)] \(Int(share * 100)) %  \(done) of \(total)  \(what)\u{1B}[K")
        }
    }

    /// Takes the line away, for something else to be printed.
    func clear() {
        state.withLock { state in
            if state.isShown { write("\r\u{1B}[K") }
            state.isShown = false
            state.drawn = .now - .seconds(1)
        }
    }

    func end() {
        state.withLock { state in
            if state.isShown { write("\n") }
            state.isShown = false
        }
    }

    private func write(_ text: String) {
        FileHandle.standardError.write(Data(text.utf8))
    }
}
