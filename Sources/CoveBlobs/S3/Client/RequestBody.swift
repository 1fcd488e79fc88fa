import Crypto
import NIOCore
import Synchronization

/// The body of a request: buffers that are sent one after another as they are, and again when the request is repeated.
struct RequestBody: Sendable {
    private(set) var pieces: [ByteBuffer] = []
    private(set) var length = 0

    init() {}

    init(_ text: String) {
        append(ByteBuffer(string: text))
    }

    mutating func append(_ piece: ByteBuffer) {
        pieces.append(piece)
        length += piece.readableBytes
    }

    /// SHA-256 in hexadecimal. Some 5 ms for a part of 10 MiB.
    var sha256: String {
        var hash = SHA256()
        for piece in pieces { piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
        return hash.finalize().hexadecimal
    }

    var md5: [UInt8] {
        var hash = Insecure.MD5()
        for piece in pieces { piece.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
        return Array(hash.finalize())
    }
}

/// Tells whether a body is still moving: the client takes the next piece only when the socket has taken the last one.
final class SendProgress: Sendable {
    private struct State {
        var moved: ContinuousClock.Instant = .now
        var isDone = false
    }

    private let state = Mutex(State())

    func move() { state.withLock { $0.moved = .now } }
    func finish() { state.withLock { $0.isDone = true } }

    /// Returns when the body has been sent.
    ///
    /// - Throws: ``S3Error/stalled(_:)`` when it has not moved for `stall`; ``S3Error/cancelled``.
    func watch(stall: Duration) async throws(S3Error) {
        while true {
            let (moved, isDone) = state.withLock { ($0.moved, $0.isDone) }
            if isDone { return }
            guard ContinuousClock.now - moved < stall else { throw .stalled(stall) }
            do { try await Task.sleep(until: moved + stall, tolerance: stall / 10) } catch { throw .cancelled }
        }
    }
}

/// A body on its way.
struct BodyStream: AsyncSequence, Sendable {
    let body: RequestBody
    let progress: SendProgress

    struct AsyncIterator: AsyncIteratorProtocol {
        var pieces: IndexingIterator<[ByteBuffer]>
        let progress: SendProgress

        mutating func next() async -> ByteBuffer? {
            guard let piece = pieces.next() else {
                progress.finish()
                return nil
            }
            progress.move()
            return piece
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pieces: body.pieces.makeIterator(), progress: progress) }
}
