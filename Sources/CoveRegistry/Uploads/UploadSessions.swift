import CoveBlobs
import CoveMetadata
import CoveOCI
import Synchronization

/// Bytes of a body, counted by whoever receives it.
final class ReceivedBytes: Sendable {
    private let count = Atomic<Int64>(0)

    func add(_ bytes: Int64) {
        count.add(bytes, ordering: .relaxed)
    }

    var value: Int64 { count.load(ordering: .relaxed) }
}

/// The open file and running hash of uploads that this process has written to, so that the next chunk need not start
/// anew. A session that is not here is rebuilt from what is stored: after a restart, or on another node.
final class UploadSessions: Sendable {
    struct Session: Sendable {
        var writer: any UploadWriter
        var digester: Digester
        var checkpoint: UploadCheckpoint

        /// What another node is told of the upload.
        var progress: UploadRecord.Progress {
            UploadRecord.Progress(received: checkpoint.offset, mark: checkpoint.mark, hashState: digester.state)
        }
    }

    /// The request that is at work on an upload.
    final class Holder: Sendable {
        let received = ReceivedBytes()
        /// Breaks the request off, as if its client had gone.
        let interrupt: @Sendable () -> Void

        init(interrupt: @escaping @Sendable () -> Void) {
            self.interrupt = interrupt
        }
    }

    private struct Slot {
        var session: Session?
        var holder: Holder?
        var isBusy: Bool
        var used: ContinuousClock.Instant
    }

    /// Sessions kept for a next request. Beyond, the one used longest ago is closed: it costs an open file.
    private static let mostKept = 256

    private let patience: Duration
    private let slots = Mutex<[UploadID: Slot]>([:])

    /// - Parameter patience: how long a request waits for another one on the same upload. One that has received nothing
    ///   all the while is broken off: its client may have lost its network and come back.
    init(patience: Duration = .seconds(5)) {
        self.patience = patience
    }

    /// Uploads that a request is at work on, and those that are kept open for a next one.
    var counts: (busy: Int, idle: Int) {
        slots.withLock { slots in
            let busy = slots.values.count { $0.isBusy }
            return (busy, slots.count - busy)
        }
    }

    /// Waits for exclusive use of an upload, if need be by breaking off a request that has stalled.
    ///
    /// - Returns: false when another request kept it busy for too long. After true, ``release(_:keeping:)`` is due.
    func acquire(_ id: UploadID) async -> Bool {
        var deadline = ContinuousClock.now + patience
        let first = holder(of: id)
        let before = first?.received.value
        var hasInterrupted = false
        while !tryAcquire(id) {
            if ContinuousClock.now >= deadline {
                guard !hasInterrupted, let first, first === holder(of: id), first.received.value == before else { return false }
                first.interrupt()
                hasInterrupted = true
                deadline = ContinuousClock.now + patience
            }
            do { try await Task.sleep(for: .milliseconds(10)) } catch { return false }
        }
        return true
    }

    /// Says who is at work on an upload that the caller has acquired.
    func hold(_ id: UploadID, by holder: Holder) {
        slots.withLock { $0[id]?.holder = holder }
    }

    private func holder(of id: UploadID) -> Holder? { slots.withLock { $0[id]?.holder } }

    /// The session of an upload that the caller has acquired.
    func take(_ id: UploadID) -> Session? {
        slots.withLock { slots in
            defer { slots[id]?.session = nil }
            return slots[id]?.session
        }
    }

    /// Ends the exclusive use, keeping the session for the next request or forgetting the upload.
    func release(_ id: UploadID, keeping session: Session?) async {
        let surplus = slots.withLock { slots -> Session? in
            slots[id] = session.map { Slot(session: $0, isBusy: false, used: .now) }
            guard slots.count > Self.mostKept else { return nil }
            let idle = slots.filter { !$0.value.isBusy }
            guard idle.count > Self.mostKept, let oldest = idle.min(by: { $0.value.used < $1.value.used }) else { return nil }
            slots[oldest.key] = nil
            return oldest.value.session
        }
        await surplus?.writer.close()
    }

    /// Closes sessions that nobody has used for `age`, so that abandoned uploads do not hold files open.
    func closeIdle(longerThan age: Duration) async {
        let idle = slots.withLock { slots -> [Session] in
            let old = slots.filter { !$0.value.isBusy && ContinuousClock.now - $0.value.used > age }
            for id in old.keys { slots[id] = nil }
            return old.values.compactMap(\.session)
        }
        for session in idle { await session.writer.close() }
    }

    /// As ``acquire(_:)``, without waiting.
    func tryAcquire(_ id: UploadID) -> Bool {
        slots.withLock { slots in
            if slots[id]?.isBusy == true { return false }
            slots[id, default: Slot(session: nil, isBusy: true, used: .now)].isBusy = true
            return true
        }
    }
}
