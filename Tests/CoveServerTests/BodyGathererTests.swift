import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import CoveServer

@Suite("BodyGatherer")
struct BodyGathererTests {
    private let channel = EmbeddedChannel(handler: BodyGatherer())

    /// What one read of the socket brings.
    private func read(_ parts: [HTTPServerRequestPart]) {
        for part in parts { channel.pipeline.fireChannelRead(part) }
        channel.pipeline.fireChannelReadComplete()
    }

    private func passedOn() throws -> [HTTPServerRequestPart] {
        var parts: [HTTPServerRequestPart] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) { parts.append(part) }
        return parts
    }

    private static func body(_ size: Int, _ byte: UInt8 = 0) -> HTTPServerRequestPart {
        .body(ByteBuffer(repeating: byte, count: size))
    }

    private static let head = HTTPServerRequestPart.head(.init(version: .http1_1, method: .PATCH, uri: "/"))

    @Test("the chunks of one read come as one part, in order, between head and end")
    func joins() throws {
        read([Self.head, Self.body(3, 1), Self.body(40_000, 2), Self.body(1, 3), .end(nil)])
        let whole = ByteBuffer(bytes: [1, 1, 1] + Array(repeating: 2, count: 40_000) + [3])
        #expect(try passedOn() == [Self.head, .body(whole), .end(nil)])
    }

    @Test("what one read brought does not wait for the next")
    func passesOn() throws {
        read([Self.head, Self.body(2, 1)])
        #expect(try passedOn() == [Self.head, Self.body(2, 1)])
        read([Self.body(2, 2)])
        #expect(try passedOn() == [Self.body(2, 2)])
        read([Self.body(1, 3), Self.body(1, 3)])
        #expect(try passedOn() == [Self.body(2, 3)])
    }

    @Test("a part is never larger than 256 KiB unless it came so")
    func bounded() throws {
        read((0..<40).map { Self.body(32 * 1024, UInt8($0)) } + [Self.body(300 * 1024), Self.body(1)])
        let sizes = try passedOn().map { part in
            guard case .body(let bytes) = part else { return 0 }
            return bytes.readableBytes
        }
        #expect(sizes == Array(repeating: 256 * 1024, count: 5) + [300 * 1024, 1])
    }

    @Test("small chunks do not take a large buffer")
    func small() throws {
        read([Self.body(1), Self.body(1)])
        guard case .body(let bytes)? = try passedOn().first else {
            Issue.record("nothing was passed on")
            return
        }
        #expect(bytes.storageCapacity <= 4096)
    }

    @Test("an end of the connection, an error or an event comes after what was read before it")
    func order() throws {
        struct Mark: Error {}
        let after = Recorder()
        try channel.pipeline.syncOperations.addHandler(after)
        for happening in 0..<3 {
            channel.pipeline.fireChannelRead(Self.body(1))
            switch happening {
            case 0: channel.pipeline.fireErrorCaught(Mark())
            case 1: channel.pipeline.fireUserInboundEventTriggered(Mark())
            default: channel.pipeline.fireChannelInactive()
            }
        }
        #expect(after.seen == ["read", "error", "read", "event", "read", "inactive"])
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        var seen: [String] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { seen.append("read") }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { seen.append("error") }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) { seen.append("event") }
        func channelInactive(context: ChannelHandlerContext) { seen.append("inactive") }
    }
}
