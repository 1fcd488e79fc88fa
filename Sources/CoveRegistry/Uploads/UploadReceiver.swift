import CoveBlobs
import CoveOCI
import NIOCore
import Synchronization

/// Moves a request's body into an upload: pieces are hashed and written side by side while the next ones arrive.
///
/// Memory is bounded by four pieces, whatever the body's length.
final class UploadReceiver: Sendable {
    /// Bytes gathered before they are handed on. Larger pieces mean fewer hops between threads; but only what turns out to
    /// be large may take that much memory.
    private static func pieceSize(after received: Int) -> Int { received < 16 << 20 ? 512 << 10 : 1 << 20 }
    /// Pieces that are hashed and written at a time: the two need not keep step.
    private static let mostUnderWay = 3
    /// A slow client's many small buffers are handed on earlier, as each may pin a larger one.
    private static let buffersPerPiece = 64

    private let writer: any UploadWriter
    private let digester: Mutex<Digester>

    init(session: UploadSessions.Session) {
        writer = session.writer
        digester = Mutex(session.digester)
    }

    /// The hash of everything received so far.
    var current: Digester { digester.withLock { $0 } }

    /// Receives the whole body.
    ///
    /// - Parameter progress: told of each piece that has been written and hashed, in bytes.
    /// - Throws: ``RegistryError/bodyFailed(_:)`` when the body ends early, or what the storage throws.
    func receive<Body: AsyncSequence & Sendable>(
        _ body: Body, progress: @Sendable (Int64) -> Void
    ) async throws where Body.Element == ByteBuffer {
        try await withThrowingTaskGroup(of: Int64.self) { group in
            var hashing = Lane()
            var writing = Lane()
            var pieces: [ByteBuffer] = []
            var size = 0
            var received = 0
            var underWay = 0
            func handOn() async throws {
                if underWay == Self.mostUnderWay, let done = try await group.next() {
                    underWay -= 1
                    progress(done)
                }
                let (batch, length) = (pieces, Int64(size))
                let hashed = hashing.add { self.hash(batch) }
                let written = writing.add { [writer] in try await writer.append(batch) }
                group.addTask {
                    // Both have ended when this has, also when one of them failed.
                    let outcome = await written.result
                    try await hashed.value
                    try outcome.get()
                    return length
                }
                underWay += 1
                pieces = []
                size = 0
            }
            var failure: (any Error)?
            do {
                for try await buffer in body where buffer.readableBytes > 0 {
                    pieces.append(buffer)
                    size += buffer.readableBytes
                    received += buffer.readableBytes
                    if size >= Self.pieceSize(after: received) || pieces.count >= Self.buffersPerPiece { try await handOn() }
                }
            } catch let error as BlobStorageError {
                throw error
            } catch {
                failure = RegistryError.bodyFailed(error)
            }
            // What arrived before the client went away is kept: it may come back and go on from there.
            if size > 0 { try await handOn() }
            while let done = try await group.next() { progress(done) }
            if let failure { throw failure }
        }
    }

    private func hash(_ pieces: [ByteBuffer]) {
        digester.withLock { digester in
            for piece in pieces { piece.withUnsafeReadableBytes { digester.update($0) } }
        }
    }
}

/// Works off one thing after another, in the order given; after a failure, nothing more.
private struct Lane {
    private var last: Task<Void, any Error>?

    mutating func add(_ work: @escaping @Sendable () async throws -> Void) -> Task<Void, any Error> {
        let before = last
        let task = Task {
            try await before?.value
            try await work()
        }
        last = task
        return task
    }
}
