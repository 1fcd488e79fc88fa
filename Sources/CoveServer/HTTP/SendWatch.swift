import CLinux
import NIOCore

/// Closes a connection whose client does not take what it asked for: nothing within the body timeout, or less than the
/// minimum rate (`http.limits`).
///
/// Runs only while there is more to send than the channel wants to hold. What the kernel holds counts as not taken:
/// its buffer may be megabytes, and one that empties slowly is a slow client, not a dead one.
final class SendWatch {
    private let limits: ConnectionLimits
    /// A stream of HTTP/2 does not tell how far it is.
    private let isStream: Bool
    private var timer: Scheduled<Void>?
    private var pending = 0
    private var windowPending = 0
    private var windowStart = NIODeadline.now()

    init(limits: ConnectionLimits, isStream: Bool) {
        self.limits = limits
        self.isStream = isStream
    }

    func writabilityChanged(_ channel: any Channel) {
        if channel.isWritable { return stop() }
        guard timer == nil else { return }
        pending = pending(of: channel) ?? 0
        windowPending = pending
        windowStart = .now()
        schedule(channel)
    }

    func stop() {
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ channel: any Channel) {
        var step = min(limits.bodyTimeout, ConnectionGuard.window)
        // Time for all that it may hold.
        if isStream, limits.minimumBodyRate > 0 {
            step = step + .seconds(Int64(BlobPump.pieceSize) / Int64(limits.minimumBodyRate))
        }
        timer = channel.eventLoop.assumeIsolated().scheduleTask(in: step) { [weak self] in self?.check(channel) }
    }

    private func check(_ channel: any Channel) {
        guard timer != nil else { return }
        timer = nil
        let now = pending(of: channel)
        let isSilent = now == nil || now == pending
        pending = now ?? 0
        let elapsed = NIODeadline.now() - windowStart
        let isOver = elapsed >= ConnectionGuard.window
        let taken = Double(windowPending - pending)
        let isSlow = isOver && taken < Double(limits.minimumBodyRate) * Double(elapsed.nanoseconds) / 1e9
        if isSilent || isSlow {
            channel.close(promise: nil)
            return
        }
        if isOver {
            windowPending = pending
            windowStart = .now()
        }
        schedule(channel)
    }

    /// Bytes that the client has not taken, here and in the kernel; nil for a stream of HTTP/2. Nothing is added to
    /// them while the channel is not writable.
    private func pending(of channel: any Channel) -> Int? {
        guard !isStream, let buffered = try? channel.syncOptions?.getOption(.bufferedWritableBytes) else { return nil }
        #if os(Linux)
            let unsent = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) {
                Int(cove_unsent_bytes($0))
            }
            return buffered + (unsent ?? 0)
        #else
            return buffered
        #endif
    }
}
