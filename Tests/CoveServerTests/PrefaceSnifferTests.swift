import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import CoveServer

@Suite("HTTP/2 without TLS")
struct PrefaceSnifferTests {
    private static let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// What was decided, and what comes through, when a client sends `pieces`.
    private static func sniff(_ pieces: [String]) throws -> (isHTTP2: Bool?, passed: String) {
        let decision = Shared<Bool?>(nil)
        let channel = EmbeddedChannel(
            handler: PrefaceSniffer { isHTTP2 in
                decision.change { $0 = isHTTP2 }
            } onFailure: {
            })
        for piece in pieces { try channel.writeInbound(ByteBuffer(string: piece)) }
        var passed = ""
        while let buffer = try channel.readInbound(as: ByteBuffer.self) { passed += String(buffer: buffer) }
        _ = try? channel.finish()
        return (decision.value, passed)
    }

    @Test("whoever begins with the preface speaks HTTP/2, in whatever pieces it comes, and nothing is lost")
    func preface() throws {
        for size in [1, 5, 24, 100] {
            let text = Array(Self.preface + "frames")
            let pieces = stride(from: 0, to: text.count, by: size).map { String(text[$0..<min($0 + size, text.count)]) }
            let (isHTTP2, passed) = try Self.sniff(pieces)
            #expect(isHTTP2 == true)
            #expect(passed == Self.preface + "frames")
        }
    }

    @Test(
        "whoever begins otherwise speaks HTTP/1",
        arguments: [["GET / HTTP/1.1\r\n"], ["P", "UT / "], ["PRI * HTTP/2.0\r\n\r\nXX"], ["\0"]])
    func others(pieces: [String]) throws {
        let (isHTTP2, passed) = try Self.sniff(pieces)
        #expect(isHTTP2 == false)
        #expect(passed == pieces.joined())
    }

    @Test("nothing is decided before it is clear")
    func undecided() throws {
        #expect(try Self.sniff(["PRI * HTTP"]) == (nil, ""))
    }

    @Test("a connection that ends before is told of")
    func ended() throws {
        let isTold = Shared(false)
        let channel = EmbeddedChannel(
            handler: PrefaceSniffer { _ in
            } onFailure: {
                isTold.change { $0 = true }
            })
        try channel.writeInbound(ByteBuffer(string: "PRI"))
        _ = try channel.finish()
        #expect(isTold.value)
    }
}
