import AsyncHTTPClient
import NIOCore
import Synchronization

/// The bytes of one object from an offset on, as they arrive. A connection that breaks is followed by another from where
/// it broke; the reader notices nothing.
final class ObjectStream: Sendable {
    /// Bytes that may wait for the reader, so that the service sends while the reader's client receives.
    private static let mostWaiting = 256 * 1024

    private let source: Source
    /// Lives as long as the stream, over many reads; ``close()`` ends it.
    private let pump: Task<Void, Never>

    /// Asks for the bytes at once.
    ///
    /// - Parameter end: nil for all that there is.
    init(_ client: S3Client, _ key: String, from start: Int64, to end: Int64? = nil) {
        let source = Source(client: client, key: key, position: start, end: end)
        self.source = source
        pump = Task { await source.run() }
    }

    /// The next bytes: `length`, or fewer when the stream ends with them, none after that.
    func read(_ length: Int) async throws(S3Error) -> ByteBuffer {
        guard var bytes = try await source.queue.take(upTo: length) else { return ByteBuffer() }
        guard bytes.readableBytes < length else { return bytes }
        var gathered = ByteBuffer()
        gathered.reserveCapacity(length)
        gathered.writeBuffer(&bytes)
        while gathered.readableBytes < length, var more = try await source.queue.take(upTo: length - gathered.readableBytes) {
            gathered.writeBuffer(&more)
        }
        return gathered
    }

    /// The size of the whole object, once something has been read.
    var total: Int64? { source.object.withLock { $0?.total } }
    /// Its ETag, likewise.
    var etag: String? { source.object.withLock { $0?.etag } }

    /// Ends the stream, whatever is still to come.
    func close() {
        source.queue.close()
        pump.cancel()
    }

    /// What runs in the stream's task.
    private final class Source: Sendable {
        let queue = PieceQueue(limit: mostWaiting)
        let object = Mutex<S3Client.OpenObject?>(nil)
        private let client: S3Client
        private let key: String
        private let start: Int64
        private let end: Int64?

        init(client: S3Client, key: String, position: Int64, end: Int64?) {
            self.client = client
            self.key = key
            start = position
            self.end = end
        }

        func run() async {
            do throws(S3Error) {
                try await receive()
                queue.finish(.success(()))
            } catch {
                queue.finish(.failure(error))
            }
        }

        private func receive() async throws(S3Error) {
            var (position, end, failures) = (start, end, 0)
            while position < end ?? .max {
                guard let object = try await client.openObject(key, from: position, to: end) else { return }
                self.object.withLock { $0 = object }
                let last = position + object.length
                let begin = position
                var failure: S3Error?
                do {
                    for try await piece in object.body {
                        position += Int64(piece.readableBytes)
                        guard await queue.put(piece) else { throw CancellationError() }
                    }
                } catch {
                    failure = S3Error(transport: error, stall: client.policy.stall)
                }
                end = last
                guard position < last else { return }
                if Task.isCancelled || failure == .cancelled { throw .cancelled }
                failures = position > begin ? 1 : failures + 1
                guard failures < client.policy.tries else { throw failure ?? .unreachable("the connection closed midway") }
                do { try await Task.sleep(for: client.policy.pause(afterTry: failures)) } catch { throw .cancelled }
            }
        }
    }
}
