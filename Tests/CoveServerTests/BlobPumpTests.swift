import CoveBlobs
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import TestSupport
import Testing

@testable import CoveServer

@Suite("BlobPump")
struct BlobPumpTests {
    /// Has some of its bytes at hand and gives the others only to who waits, as a disk does.
    private struct Reader: BlobReader {
        let content: [UInt8]
        let isAtHand: @Sendable (Int64) -> Bool
        /// The most bytes given at once.
        let most: Int

        func piece(_ offset: Int64, _ length: Int) -> ArraySlice<UInt8> { content.dropFirst(Int(offset)).prefix(min(length, most)) }

        func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer {
            ByteBuffer(bytes: piece(offset, length))
        }

        func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int? {
            let piece = piece(offset, length)
            return isAtHand(offset) && !piece.isEmpty ? buffer.writeBytes(piece) : nil
        }

        func close() async {}
    }

    /// Sends a part and returns the bytes that reached the channel.
    private func send(_ part: Range<Int64>, of reader: Reader) async throws -> [UInt8] {
        let channel = NIOAsyncTestingChannel()
        let isDone = Shared(false)
        let traffic = Traffic()
        async let turns: Void = {
            while !isDone.value {
                await channel.testingEventLoop.run()
                await Task.yield()
            }
        }()
        let result: Result<Void, any Error>
        do {
            result = .success(try await BlobPump(reader: reader, channel: channel, traffic: traffic).send(part))
        } catch {
            result = .failure(error)
        }
        isDone.change { $0 = true }
        await turns
        try result.get()
        var sent: [UInt8] = []
        while let part = try await channel.readOutbound(as: HTTPResponsePart.self) {
            guard case .body(let bytes) = part else { continue }
            sent += Array(bytes.readableBytesView)
        }
        #expect(traffic.sent == sent.count)
        return sent
    }

    @Test("every byte of the part is sent once and in order, wherever it comes from", arguments: 0..<12)
    func parts(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let content = random.bytes(Int.random(in: 1...20_000, using: &random))
        let first = Int64.random(in: 0...Int64(content.count), using: &random)
        let last = Int64.random(in: first...Int64(content.count), using: &random)
        let divisor = Int64.random(in: 1...4, using: &random)
        let most = Int.random(in: 300...5000, using: &random)
        let reader = Reader(content: content, isAtHand: { ($0 / 512) % divisor == 0 }, most: most)
        #expect(try await send(first..<last, of: reader) == Array(content[Int(first)..<Int(last)]))
    }

    @Test("more than one turn's pieces are sent", arguments: [true, false])
    func large(isAtHand: Bool) async throws {
        let content = [UInt8](repeating: 7, count: 3_000_000)
        let sent = try await send(0..<3_000_000, of: Reader(content: content, isAtHand: { _ in isAtHand }, most: .max))
        #expect(sent == content)
    }

    @Test("a blob that ends before its size is an error", arguments: [true, false])
    func short(isAtHand: Bool) async {
        let reader = Reader(content: Array(repeating: 7, count: 100), isAtHand: { _ in isAtHand }, most: .max)
        await #expect(throws: BlobStorageError.missing("the end of a blob")) { try await send(0..<101, of: reader) }
    }
}
