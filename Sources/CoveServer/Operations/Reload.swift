import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization
import UnixSignals

/// What is read and opened again at once when the process gets SIGHUP: certificates, password files, rotated logs. All
/// but the logs are also looked at by themselves. The configuration itself is read at start only.
final class Reload: Service {
    typealias Action = @Sendable () async -> Void

    private let signals: UnixSignalsSequence
    private let logger: Logger
    private let actions = Mutex<[Action]>([])

    /// - Parameter signals: the sequence of SIGHUPs; made before anything that takes time, as a process that does not
    ///   expect the signal is ended by it.
    init(_ signals: UnixSignalsSequence, logger: Logger) {
        self.signals = signals
        self.logger = logger
    }

    func add(_ action: @escaping Action) {
        actions.withLock { $0.append(action) }
    }

    /// Adds what keeps a thread for a moment.
    func addBlocking(_ action: @escaping @Sendable () -> Void) {
        add { try? await NIOThreadPool.singleton.runIfActive(action) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.signals {
                for action in self.actions.withLock({ $0 }) { await action() }
                self.logger.info("read certificates and passwords again, as SIGHUP asks")
            }
        }
    }
}
