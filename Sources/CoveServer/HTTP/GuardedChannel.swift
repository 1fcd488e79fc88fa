import CoveACME
import CoveTelemetry
import HummingbirdCore
import Logging
import NIOCore

/// Sets a connection up before any protocol speaks on it: the deadline for its first request, and read buffers large
/// enough for uploads.
struct GuardedChannel<Base: ServerChildChannel>: ServerChildChannel {
    typealias Value = Base.Value

    let base: Base
    let limits: ConnectionLimits
    var meter: ListenerMeter?
    /// Who answers TLS-ALPN-01 challenges on these connections; nil where none come.
    var challenges: ChallengeBoard?

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        do {
            try channel.pipeline.syncOperations.addHandler(ConnectionDeadline(limits: limits))
            if let challenges { try channel.pipeline.syncOperations.addHandler(TLSALPNHandler(challenges)) }
        } catch {
            return channel.eventLoop.makeFailedFuture(error)
        }
        if let meter {
            meter.accepted.add()
            meter.open.add(1)
            channel.closeFuture.whenComplete { _ in meter.open.add(-1) }
        }
        // Starts small, for most requests are, and grows with an upload: larger reads mean fewer wake-ups a gigabyte.
        let allocator = AdaptiveRecvByteBufferAllocator(minimum: 1024, initial: 4096, maximum: 256 * 1024)
        return channel.setOption(.recvAllocator, value: allocator)
            .flatMap { channel.setOption(.maxMessagesPerRead, value: 4) }
            .flatMap { base.setup(channel: channel, logger: logger) }
    }

    func handle(value: Value, logger: Logger) async {
        await base.handle(value: value, logger: logger)
    }
}
