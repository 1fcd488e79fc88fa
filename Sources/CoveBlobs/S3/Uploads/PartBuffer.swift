import NIOCore

/// Bytes of an upload that have not been sent as a part yet.
struct PartBuffer: Sendable {
    /// Buffers smaller than this are copied together: a small one may pin a large piece of memory, and a slow client sends
    /// many.
    private static let smallest = 4 * 1024
    private static let gathered = 64 * 1024

    private(set) var body = RequestBody()
    /// Small buffers that are being gathered, at the end of the bytes.
    private var tail = ByteBuffer()

    init() {}

    var length: Int { body.length + tail.readableBytes }

    /// Takes what fits of a piece.
    ///
    /// - Parameter limit: the length that is not to be exceeded.
    mutating func append(from piece: inout ByteBuffer, upTo limit: Int) {
        guard let slice = piece.readSlice(length: min(piece.readableBytes, limit - length)), slice.readableBytes > 0 else { return }
        if slice.readableBytes < Self.smallest {
            tail.writeImmutableBuffer(slice)
            if tail.readableBytes >= Self.gathered { flush() }
        } else {
            flush()
            body.append(slice)
        }
    }

    /// All bytes, as a body to send. More may be appended afterwards.
    mutating func complete() -> RequestBody {
        flush()
        return body
    }

    /// Drops what is beyond `length`.
    mutating func truncate(to length: Int) {
        flush()
        var rest = PartBuffer()
        for var piece in body.pieces where rest.length < length { rest.append(from: &piece, upTo: length) }
        self = rest
    }

    private mutating func flush() {
        guard tail.readableBytes > 0 else { return }
        body.append(tail)
        tail = ByteBuffer()
    }
}

/// How long the parts of a multipart upload are.
enum PartSize {
    /// Up to here parts are of the configured size. They must be of one size for some services (R2).
    private static let even = 4000
    /// Beyond, the size doubles with every so many parts: 10 000 parts of the smallest size are then 5.8 TiB, more than an
    /// object may have, and yet nobody needs much memory for a blob of less than 20 GiB.
    private static let step = 600

    static func bytes(ofPart number: Int, configured: Int) -> Int {
        let doublings = number <= even ? 0 : (number - even - 1) / step + 1
        return Int(min(S3Client.largestPart, Int64(configured) << doublings))
    }
}
