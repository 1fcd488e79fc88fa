import NIOCore
import Synchronization

/// Reads one object. Reads that follow one another share one request, which runs to the end of what is expected.
final class S3BlobReader: BlobReader {
    private struct State {
        var expected: Range<Int64>?
        /// A stream that nobody reads from right now, and what it gives next.
        var idle: (stream: ObjectStream, position: Int64)?
        /// The size of the blob, once something has been read.
        var total: Int64?
        var isClosed = false
    }

    private let client: S3Client
    private let key: String
    private let location: String
    private let state = Mutex(State())

    init(client: S3Client, key: String, location: String) {
        self.client = client
        self.key = key
        self.location = location
    }

    func expect(_ part: Range<Int64>) {
        state.withLock { $0.expected = part }
    }

    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
        var bytes = ByteBuffer()
        while bytes.readableBytes < length {
            let position = offset + Int64(bytes.readableBytes)
            let wanted = length - bytes.readableBytes
            if let total = state.withLock({ $0.total }), position >= total { break }
            let stream = stream(at: position, length: wanted)
            var more: ByteBuffer
            do throws(S3Error) {
                more = try await stream.read(wanted)
            } catch {
                stream.close()
                throw BlobStorageError(error, doing: "reading", location)
            }
            let count = more.readableBytes
            // One that gives less than it could has ended.
            if count == wanted { keep(stream, at: position + Int64(count)) } else { stream.close() }
            if bytes.readableBytes == 0 { bytes = more } else { bytes.writeBuffer(&more) }
            // Beyond the end, the service says nothing of the size.
            guard let total = stream.total else { break }
            state.withLock { $0.total = total }
        }
        return bytes
    }

    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? { nil }

    func close() async {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = nil }
            return state.idle
        }
        idle?.stream.close()
    }

    private func stream(at offset: Int64, length: Int) -> ObjectStream {
        let (idle, end) = state.withLock { state -> (ObjectStream?, Int64?) in
            if let idle = state.idle, idle.position == offset {
                state.idle = nil
                return (idle.stream, nil)
            }
            guard let expected = state.expected else { return (nil, nil) }
            return (nil, expected.contains(offset) ? expected.upperBound : offset + Int64(length))
        }
        return idle ?? ObjectStream(client, key, from: offset, to: end)
    }

    /// Keeps a stream for the read that follows.
    private func keep(_ stream: ObjectStream, at position: Int64) {
        let surplus = state.withLock { state -> ObjectStream? in
            guard !state.isClosed else { return stream }
            let before = state.idle
            state.idle = (stream, position)
            return before?.stream
        }
        surplus?.close()
    }
}
