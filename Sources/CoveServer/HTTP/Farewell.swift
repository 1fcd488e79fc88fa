import CLinux
import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The time between being told to stop and closing the listeners, in which load balancers turn away.
///
/// A load balancer keeps connections open, and a request that it sends on one while the node closes it is lost: a body
/// that has begun to flow cannot be sent to another node. So a node that goes answers every request as before, but closes
/// each HTTP/1 connection after its answer and says so (`Connection: close`, RFC 9112 section 9.6); new connections are
/// still taken. Under load, that uses up the kept connections within moments. It ends early when nothing is asked any
/// more.
///
/// At its end the kernel is told to drop what would begin a connection, a little before the listeners are closed: whoever
/// was let in is still answered, where closing would reset those that nobody has accepted yet, and whoever comes later
/// tries once more and is refused.
final class Farewell: Service {
    /// Without a request for so long, nobody is coming any more.
    private static let silence = TimeAmount.seconds(1)

    /// Between the last connection that is let in and the closing of the listeners.
    private static let lastAnswers = Duration.milliseconds(250)

    private let grace: Duration
    private let logger: Logger
    private let listeners = Mutex<[any Channel]>([])
    private let leaving = Atomic(false)
    private let lastRequest = Atomic<UInt64>(0)

    /// - Parameter grace: how long requests are taken after the node was told to stop; zero closes at once.
    init(grace: Duration, logger: Logger) {
        self.grace = grace
        self.logger = logger
    }

    /// Names a listening socket that is closed after the farewell.
    func add(_ listener: any Channel) {
        listeners.withLock { $0.append(listener) }
    }

    /// Whether the node was told to stop.
    var isLeaving: Bool { leaving.load(ordering: .relaxed) }

    /// Notes that a request has come.
    func noteRequest() {
        guard isLeaving else { return }
        lastRequest.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
    }

    func run() async throws {
        try? await gracefulShutdown()
        guard grace > .zero else { return }
        leaving.store(true, ordering: .relaxed)
        lastRequest.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
        let end = ContinuousClock.now + grace
        while ContinuousClock.now < end {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { return }
            let last = NIODeadline.uptimeNanoseconds(lastRequest.load(ordering: .relaxed))
            if NIODeadline.now() - last > Self.silence { break }
        }
        await letNobodyIn()
    }

    private func letNobodyIn() async {
        #if os(Linux)
            for listener in listeners.withLock({ $0 }) {
                guard let socket = listener as? any SocketOptionProvider, listener.localAddress?.port != nil else { continue }
                let option = socket.unsafeSetSocketOption(
                    level: SocketOptionLevel(SOL_SOCKET), name: SocketOptionName(SO_ATTACH_FILTER), value: cove_no_new_connections())
                do {
                    try await option.get()
                } catch {
                    logger.warning("connections that come while the server stops may be reset", metadata: ["error": "\(error)"])
                }
            }
            try? await Task.sleep(for: Self.lastAnswers)
        #endif
    }
}
