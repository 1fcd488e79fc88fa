import Dispatch
import Foundation
import Synchronization

/// Writes log lines to a file descriptor in batches, so that a request never waits for the terminal or the log driver.
package final class LogSink: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        var flushIsDue = false
        var dropped = 0
    }

    private static let batch = 64 * 1024
    /// When the reader of the log stands still, lines beyond this many bytes are dropped and counted.
    private static let bound = 8 * 1024 * 1024

    private let descriptor: Int32
    private let file: LogFile?
    private let queue: DispatchQueue
    private let state = Mutex(State())

    package init(descriptor: Int32) {
        self.descriptor = descriptor
        file = LogFile(descriptor)
        queue = DispatchQueue(label: "cove.log.\(descriptor)")
    }

    /// Queues a line, which must end in a newline.
    func write(_ line: [UInt8], urgently: Bool = false) {
        enum Due { case nothing, soon, now }
        let due = state.withLock { state -> Due in
            guard state.buffer.count + line.count <= Self.bound else {
                state.dropped += 1
                return .nothing
            }
            state.buffer.append(contentsOf: line)
            if state.buffer.count >= Self.batch || urgently {
                state.flushIsDue = true
                return .now
            }
            defer { state.flushIsDue = true }
            return state.flushIsDue ? .nothing : .soon
        }
        switch due {
        case .nothing: break
        case .soon: queue.asyncAfter(deadline: .now() + .milliseconds(50)) { self.drain() }
        case .now: queue.async { self.drain() }
        }
    }

    /// Writes everything queued so far and waits for it.
    package func flush() {
        queue.sync { drain() }
    }

    /// Goes on in the file that has the old one's name now. A rotation has renamed the old one.
    ///
    /// - Returns: what is to be said of it; nil where the descriptor is no file, or still the right one.
    package func reopen() -> LogFile.Outcome? {
        queue.sync {
            drain()
            return file?.reopen()
        }
    }

    private func drain() {
        let (bytes, dropped) = state.withLock { state in
            defer { state = State() }
            return (state.buffer, state.dropped)
        }
        Self.writeAll(bytes, to: descriptor)
        if dropped > 0 {
            Self.writeAll(
                Array("level=warn msg=\"log lines were dropped: the log's reader is too slow\" lines=\(dropped)\n".utf8), to: descriptor)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Foundation.write(descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
                if count < 0, errno == EINTR { continue }
                if count <= 0 { return }
                written += count
            }
        }
    }
}
