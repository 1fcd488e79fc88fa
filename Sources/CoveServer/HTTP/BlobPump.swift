import CoveBlobs
import NIOCore
import NIOHTTPTypes

/// Sends a part of a blob to a connection.
///
/// What is in memory goes out from the event loop itself, through one buffer that stays in the processor's cache: a
/// hop to a thread and back costs more than the copy. What has to come from the disk is read on the storage's threads.
/// Memory is bounded by one piece a connection, however slow its client.
struct BlobPump: Sendable {
    /// Bytes read at once. Measured on loopback: larger pieces gain nothing.
    static let pieceSize: Int64 = 256 * 1024
    /// Pieces sent to a willing client before others of the event loop have their turn.
    private static let piecesPerTurn = 8

    let reader: any BlobReader
    let channel: any Channel
    let traffic: Traffic

    /// Returns when everything has left for the socket. Closes the channel when the task is cancelled: the client may
    /// never take the rest.
    ///
    /// - Throws: when the client is gone, or ``BlobStorageError``.
    func send(_ part: Range<Int64>) async throws {
        try await withTaskCancellationHandler {
            try await sendAll(part)
        } onCancel: {
            channel.close(mode: .all, promise: nil)
        }
    }

    private func sendAll(_ part: Range<Int64>) async throws {
        var offset = part.lowerBound
        while offset < part.upperBound {
            offset = try await sendWhatIsAtHand(offset..<part.upperBound)
            guard offset < part.upperBound else { return }
            let piece = try await reader.read(at: offset, length: Self.length(offset..<part.upperBound))
            guard piece.readableBytes > 0 else { throw BlobStorageError.missing("the end of a blob") }
            offset += Int64(piece.readableBytes)
            try await channel.writeAndFlush(HTTPResponsePart.body(piece)).get()
            traffic.addSent(piece.readableBytes)
        }
    }

    /// - Returns: the offset of the first byte that was not at hand.
    private func sendWhatIsAtHand(_ part: Range<Int64>) async throws -> Int64 {
        try await channel.eventLoop.flatSubmit { [reader, channel, traffic] in
            let burst = Burst(reader: reader, channel: channel, traffic: traffic, part: part)
            burst.run()
            return burst.done.futureResult
        }.get()
    }

    private static func length(_ part: Range<Int64>) -> Int { Int(min(pieceSize, part.upperBound - part.lowerBound)) }

    /// Lives on the channel's event loop.
    private final class Burst {
        let done: EventLoopPromise<Int64>
        private let reader: any BlobReader
        private let channel: any Channel
        private let traffic: Traffic
        private var rest: Range<Int64>
        private var buffer = ByteBufferAllocator().buffer(capacity: Int(BlobPump.pieceSize))

        init(reader: any BlobReader, channel: any Channel, traffic: Traffic, part: Range<Int64>) {
            self.reader = reader
            self.channel = channel
            self.traffic = traffic
            rest = part
            done = channel.eventLoop.makePromise()
        }

        func run() {
            var last = channel.eventLoop.makeSucceededVoidFuture()
            for _ in 0..<BlobPump.piecesPerTurn {
                // The socket has taken the piece before: its storage is used again.
                buffer.clear()
                guard !rest.isEmpty,
                    let count = reader.readAtOnce(at: rest.lowerBound, length: BlobPump.length(rest), into: &buffer)
                else {
                    let offset = rest.lowerBound
                    return last.map { offset }.cascade(to: done)
                }
                rest = rest.lowerBound + Int64(count)..<rest.upperBound
                last = channel.writeAndFlush(HTTPResponsePart.body(buffer))
                traffic.addSent(count)
                if !channel.isWritable { break }
            }
            last.hop(to: channel.eventLoop).assumeIsolated().whenComplete { result in
                switch result {
                case .success: self.channel.eventLoop.assumeIsolated().execute { self.run() }
                case .failure(let error): self.done.fail(error)
                }
            }
        }
    }
}
