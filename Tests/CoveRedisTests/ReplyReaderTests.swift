import NIOCore
import TestSupport
import Testing

@testable import CoveRedis

@Suite("ReplyReader")
struct ReplyReaderTests {
    private static let stream = "+OK\r\n-WRONGTYPE no\r\n:-42\r\n$5\r\nhe\r\nl\r\n$-1\r\n*2\r\n$1\r\na\r\n*0\r\n$0\r\n\r\n"
    private static let replies: [RedisReply] = [
        .status("OK"), .error("WRONGTYPE no"), .integer(-42), .bytes(Array("he\r\nl".utf8)), .null,
        .array([.bytes(Array("a".utf8)), .array([])]), .bytes([]),
    ]

    private func read(_ pieces: [ByteBuffer]) throws -> [RedisReply] {
        let reader = try #require(ReplyReader())
        var replies: [RedisReply] = []
        for piece in pieces {
            try reader.feed(piece)
            while let reply = try reader.next() { replies.append(reply) }
        }
        return replies
    }

    @Test("every kind of reply is read, however the stream is cut", arguments: [1, 2, 3, 7, 1000])
    func kinds(size: Int) throws {
        let bytes = Array(Self.stream.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map { ByteBuffer(bytes: bytes[$0..<min($0 + size, bytes.count)]) }
        #expect(try read(pieces) == Self.replies)
    }

    @Test("what is not Redis's is refused", arguments: ["HTTP/1.1 400 Bad Request\r\n", "$x\r\n", ":\r\n", "*1\r\n!\r\n", "\u{0}\r\n"])
    func garbage(text: String) throws {
        #expect(throws: ReplyReader.Malformed.self) { try read([ByteBuffer(string: text)]) }
    }

    @Test("a reply that does not end is refused before it fills the memory")
    func endless() throws {
        let piece = ByteBuffer(repeating: 0x78, count: 64 * 1024)
        #expect(throws: ReplyReader.Malformed.self) {
            try read([ByteBuffer(string: "$500000000\r\n")] + Array(repeating: piece, count: 5))
        }
    }

    @Test("changed bytes are refused or read, and never end the process", arguments: 0..<4 as Range<UInt64>)
    func mutated(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<500 {
            let bytes = generator.mutated(Array(Self.stream.utf8))
            do { _ = try read([ByteBuffer(bytes: bytes)]) } catch is ReplyReader.Malformed {}
        }
    }

    @Test(
        "of an error only its code is told",
        arguments: [
            ("WRONGTYPE Operation against a key", "WRONGTYPE"), ("OOM", "OOM"), ("", "an error"), ("wrong word", "an error"),
            ("ERR unknown command 'AUTH', with args beginning with: 'secret'", "ERR"), ("SECRET\nX Y", "an error"),
        ])
    func code(text: String, code: String) {
        #expect(RedisReply.code(of: text) == code)
    }
}
