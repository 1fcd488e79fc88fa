import Foundation
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import CoveServer

@Suite("HTTP1Manners")
struct HTTP1MannersTests {
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel(handler: HTTP1Manners(headers: ["X-Content-Type-Options": "nosniff", "content-type": "other"]))
        try channel.connect(to: SocketAddress(unixDomainSocketPath: "/test")).wait()
    }

    private func ask(_ version: HTTPVersion, _ more: HTTPHeaders = [:]) throws {
        var headers: HTTPHeaders = ["Host": "registry"]
        headers.add(contentsOf: more)
        try channel.writeInbound(HTTPServerRequestPart.head(.init(version: version, method: .GET, uri: "/", headers: headers)))
        try channel.writeInbound(HTTPServerRequestPart.end(nil))
    }

    private func answer(_ status: HTTPResponseStatus = .ok) throws -> HTTPResponseHead {
        channel.write(HTTPServerResponsePart.head(.init(version: .http1_1, status: status)), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
        guard case .head(let head)? = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            throw ServeError("no head was sent")
        }
        return head
    }

    @Test(
        "a connection is kept or closed as the version and the client say",
        arguments: [
            (HTTPVersion.http1_0, [:], true), (.http1_0, ["Connection": "keep-alive"], false), (.http1_1, [:], false),
            (.http1_1, ["Connection": "Close"], true), (.http1_1, ["Connection": "TE, close"], true),
            // Offers that are declined: the parser reads no further.
            (.http1_1, ["Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c"], true),
            (.http1_1, ["Connection": "upgrade", "Upgrade": "websocket"], true), (.http1_1, ["Upgrade": "h2c"], false),
            // Refused before the client was told to send its body.
            (.http1_1, ["Expect": "100-continue", "Content-Length": "5"], true),
        ] as [(HTTPVersion, HTTPHeaders, Bool)])
    func version(version: HTTPVersion, headers: HTTPHeaders, closes: Bool) throws {
        try ask(version, headers)
        let head = try answer()
        #expect((head.headers.first(name: "Connection") == "close") == closes)
        #expect(channel.isActive == !closes)
    }

    @Test(
        "what is no HTTP is answered in the envelope, with the status that fits",
        arguments: [
            (HTTPParserError.invalidMethod, 405, "UNSUPPORTED"), (.headerOverflow, 431, "UNSUPPORTED"), (.invalidURL, 400, "UNSUPPORTED"),
        ])
    func parserError(error: HTTPParserError, status: Int, code: String) throws {
        channel.pipeline.fireErrorCaught(error)
        let head = try answer(.badRequest)
        #expect(head.status.code == status)
        #expect(head.headers.first(name: "Connection") == "close")
        #expect(head.headers.contains(name: "Allow") == (status == 405))
        // http.headers, but for those that the answer has itself.
        #expect(head.headers["X-Content-Type-Options"] == ["nosniff"])
        #expect(head.headers["Content-Type"] == ["application/json"])
        guard case .body(.byteBuffer(let body))? = try channel.readOutbound(as: HTTPServerResponsePart.self) else {
            Issue.record("no body was sent")
            return
        }
        #expect(head.headers.first(name: "Content-Length") == String(body.readableBytes))
        let envelope = try JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: [[String: Any]]]
        #expect(envelope?["errors"]?.first?["code"] as? String == code)
        #expect(throws: (any Error).self) { try channel.throwIfErrorCaught() }
    }

    @Test(
        "a request without exactly one Host, or with an unknown transfer coding, is refused",
        arguments: [
            [("Content-Type", "a/b")], [("Host", "a"), ("Host", "b")], [("Host", "a"), ("Transfer-Encoding", "gzip")],
            [("Host", "a"), ("Transfer-Encoding", "identity")],
        ])
    func malformed(headers: [(String, String)]) throws {
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: HTTPHeaders(headers))
        #expect(throws: (any Error).self) { try channel.writeInbound(HTTPServerRequestPart.head(head)) }
        #expect(try channel.readInbound(as: HTTPServerRequestPart.self) == nil)
        #expect(try answer(.badRequest).status == .badRequest)
    }

    @Test("a client that was told to go on keeps its connection")
    func expectationMet() throws {
        try ask(.http1_1, ["Expect": "100-continue", "Content-Length": "5"])
        channel.writeAndFlush(HTTPServerResponsePart.head(.init(version: .http1_1, status: .continue)), promise: nil)
        _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
        #expect(try answer(.created).headers.first(name: "Connection") == nil)
        #expect(channel.isActive)
    }

    @Test("answers that are still due before the error keep their own status")
    func owedAnswers() throws {
        try ask(.http1_1)
        channel.pipeline.fireErrorCaught(HTTPParserError.invalidURL)
        #expect(try answer(.accepted).status == .accepted)
        _ = try channel.readOutbound(as: HTTPServerResponsePart.self)
        #expect(try answer(.badRequest).headers.first(name: "Content-Type") == "application/json")
        #expect(throws: (any Error).self) { try channel.throwIfErrorCaught() }
    }
}
