import CoveOCI
import CoveTelemetry
import NIOCore
import Synchronization

/// The bytes of small blobs, image configurations above all, which clients read with every pull. Content never changes
/// under its digest, so nothing here needs invalidating; who may see it is decided before.
final class SmallBlobCache: Sendable {
    /// Larger blobs are read from the storage each time. Bytes.
    static let largest: Int64 = 64 * 1024

    let statistics = CacheStatistics()
    private let blobs = Mutex(LeastRecentlyUsed<Digest, ByteBuffer>(capacity: 16 * 1024 * 1024))

    func bytes(of digest: Digest) -> ByteBuffer? {
        let bytes = blobs.withLock { $0.value(for: digest) }
        (bytes == nil ? statistics.misses : statistics.hits).add()
        return bytes
    }

    func keep(_ bytes: ByteBuffer, of digest: Digest) {
        blobs.withLock { $0.insert(bytes, for: digest, cost: bytes.readableBytes + 128) }
    }
}
