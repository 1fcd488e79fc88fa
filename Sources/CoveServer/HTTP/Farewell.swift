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
final class Farewell: Service {
    /// Without a request for so long, nobody is coming any more.
    private static let silence = TimeAmount.seconds(1)

    private let grace: Duration
    private let leaving = Atomic(false)
    private let lastRequest = Atomic<UInt64>(0)

    /// - Parameter grace: how long requests are taken after the node was told to stop; zero closes at once.
    init(grace: Duration) {
        self.grace = grace
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
            if NIODeadline.now() - last > Self.silence { return }
        }
    }
}
