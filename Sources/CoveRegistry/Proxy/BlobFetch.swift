import CoveBlobs
import CoveOCI
import NIOCore
import Synchronization

/// A blob that is on its way from an upstream into the store, and what clients may already have of it.
///
/// They read from the file that it is written to, each at its own pace, so memory does not grow with clients, nor does a slow
/// one hold up the others. The last bytes are released only when the digest of all is right.
final class BlobFetch: Sendable {
    let size: Int64
    private let bytes: any BlobReader
    private let state = Mutex(State())

    private struct State {
        /// Bytes from the start that clients may have.
        var released: Int64 = 0
        var failure: BlobStorageError?
        var waiting: [UInt64: (offset: Int64, continuation: CheckedContinuation<Void, Never>)] = [:]
        var next: UInt64 = 0
    }

    /// - Parameter bytes: reads what has been received.
    init(size: Int64, bytes: any BlobReader) {
        self.size = size
        self.bytes = bytes
    }

    /// Says that so many bytes have been received.
    func advance(to received: Int64) {
        release { $0.released = max($0.released, min(received, size - 1)) }
    }

    /// Says that all have been received and are what they should be.
    func complete() {
        release { $0.released = size }
    }

    /// Says that the rest will not come.
    func fail(_ reason: String) {
        release { $0.failure = .failed(reason) }
    }

    private func release(_ change: (inout State) -> Void) {
        let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            change(&state)
            let ready = state.waiting.filter { state.failure != nil || $0.value.offset < state.released }
            for id in ready.keys { state.waiting[id] = nil }
            return ready.values.map(\.continuation)
        }
        for continuation in ready { continuation.resume() }
    }

    /// Waits until there is a byte at `offset`.
    ///
    /// - Returns: how many bytes there are from the start of the blob; no more than `offset` when the task was cancelled.
    private func released(beyond offset: Int64) async throws(BlobStorageError) -> Int64 {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard state.failure == nil, state.released <= offset, !Task.isCancelled else { return false }
                    state.waiting[id] = (offset, continuation)
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.continuation.resume()
        }
        let (released, failure) = state.withLock { ($0.released, $0.failure) }
        if released <= offset, let failure { throw failure }
        return released
    }

    /// Reads the blob as it comes.
    struct Reader: BlobReader {
        let fetch: BlobFetch

        func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
            guard offset < fetch.size else { return ByteBuffer() }
            let released = try await fetch.released(beyond: offset)
            guard released > offset else { throw .failed("the client has gone") }
            return try await fetch.bytes.read(at: offset, length: Int(min(Int64(length), released - offset)))
        }

        func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
            let released = fetch.state.withLock { $0.released }
            guard released > offset else { return nil }
            return fetch.bytes.readAtOnce(at: offset, length: Int(min(Int64(length), released - offset)), into: &buffer)
        }

        /// The file is closed when nobody has the fetch any more.
        func close() async {}
    }
}
