import CHiredis
import NIOCore

/// Cuts a stream of bytes into replies.
final class ReplyReader {
    /// The stream is not Redis's.
    struct Malformed: Error {}

    /// Bytes of a reply that has not ended: Cove asks for nothing nearly as long.
    private static let longest = 256 * 1024

    private let reader: UnsafeMutablePointer<redisReader>

    /// Nil when there is no memory.
    init?() {
        guard let reader = redisReaderCreate() else { return nil }
        self.reader = reader
    }

    deinit { redisReaderFree(reader) }

    func feed(_ buffer: ByteBuffer) throws(Malformed) {
        let status = buffer.withUnsafeReadableBytes { bytes in
            redisReaderFeed(reader, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count)
        }
        guard status == REDIS_OK else { throw Malformed() }
    }

    /// The next reply; nil when more bytes are needed for it.
    func next() throws(Malformed) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw Malformed() }
        guard let object else {
            guard reader.pointee.len - reader.pointee.pos <= Self.longest else { throw Malformed() }
            return nil
        }
        defer { freeReplyObject(object) }
        guard let reply = RedisReply(object.assumingMemoryBound(to: redisReply.self).pointee) else { throw Malformed() }
        return reply
    }
}
