import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import TestSupport

/// A small HTTP server whose answers a test makes, and that can fail in the ways of a network.
final class FakeServer: Sendable {
    struct Request: Sendable {
        let method: String
        /// Decoded, without the query.
        let path: String
        let query: [String: String]
        let headers: HTTPHeaders
        let body: ByteBuffer

        /// What an S3 request is to be called: `PUT`, `POST uploads`, `GET uploadId`, …
        var name: String {
            let parts = ["uploads", "uploadId", "partNumber", "delete", "list-type"].filter { query[$0] != nil }
            return ([method] + (headers.contains(name: "x-amz-copy-source") ? ["copy"] : []) + parts).joined(separator: " ")
        }
    }

    struct Answer: Sendable {
        var status = 200
        var headers: [(String, String)] = []
        var body = ByteBuffer()

        init(_ status: Int, _ text: String = "", headers: [(String, String)] = []) {
            self.status = status
            self.headers = headers
            body = ByteBuffer(string: text)
        }
    }

    enum Fault: Sendable {
        case answer(Answer)
        /// Takes the request and never answers.
        case silence
        /// Stops reading in the middle of the body.
        case deafness
        /// Closes the connection instead of an answer.
        case hangUp
        /// Does what was asked, and closes the connection instead of saying so.
        case loseAnswer
        /// Closes the connection after so many bytes of the answer's body.
        case cut(Int)
        /// Says nothing more after so many bytes of the answer's body.
        case stall(Int)
    }

    struct Rule: Sendable {
        var times: Int
        let fault: Fault
        let matches: @Sendable (Request) -> Bool
    }

    let requests = Shared<[Request]>([])
    private let rules = Shared<[Rule]>([])
    private let channel: any Channel
    private let handler: @Sendable (Request) -> Answer

    static func start(_ handler: @escaping @Sendable (Request) -> Answer) async throws -> FakeServer {
        let slot = Shared<FakeServer?>(nil)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            // Small, so that what nobody reads does not disappear in the system's buffers.
            .childChannelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(FakeConnection(server: slot))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = FakeServer(channel: channel, handler: handler)
        slot.change { $0 = server }
        return server
    }

    private init(channel: any Channel, handler: @escaping @Sendable (Request) -> Answer) {
        self.channel = channel
        self.handler = handler
    }

    var url: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

    func stop() async {
        try? await channel.close()
    }

    /// Has the next requests that match fail.
    func fail(_ times: Int = 1, _ fault: Fault, where matches: @escaping @Sendable (Request) -> Bool = { _ in true }) {
        rules.change { $0.append(Rule(times: times, fault: fault, matches: matches)) }
    }

    /// How many requests of each name there were, and forgets them.
    func count() -> [String: Int] {
        let seen = requests.value
        requests.change { $0 = [] }
        return Dictionary(grouping: seen, by: \.name).mapValues(\.count)
    }

    func answer(_ request: Request) -> Answer { handler(request) }

    /// Whether the body of a request is not to be read. Asked when only its head is there.
    func isDeaf(to request: Request) -> Bool {
        fault(for: request) { if case .deafness = $0 { true } else { false } } != nil
    }

    func fault(for request: Request) -> Fault? {
        fault(for: request) { if case .deafness = $0 { false } else { true } }
    }

    private func fault(for request: Request, which isMeant: (Fault) -> Bool) -> Fault? {
        var found: Fault?
        rules.change { rules in
            guard let index = rules.firstIndex(where: { $0.times > 0 && isMeant($0.fault) && $0.matches(request) }) else { return }
            rules[index].times -= 1
            found = rules[index].fault
        }
        return found
    }
}

private final class FakeConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let slot: Shared<FakeServer?>
    private var head: HTTPRequestHead?
    private var body = ByteBuffer()

    init(server: Shared<FakeServer?>) {
        slot = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let server = slot.value else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = ByteBuffer()
            if let request = request(), server.isDeaf(to: request) {
                server.requests.change { $0.append(request) }
                self.head = nil
                _ = context.channel.setOption(.autoRead, value: false)
            }
        case .body(var piece): body.writeBuffer(&piece)
        case .end:
            guard let request = request() else { return }
            server.requests.change { $0.append(request) }
            respond(to: request, server, context)
        }
    }

    private func request() -> FakeServer.Request? {
        guard let head else { return nil }
        let parts = head.uri.split(separator: "?", maxSplits: 1)
        var query: [String: String] = [:]
        for item in (parts.count > 1 ? parts[1] : "").split(separator: "&") {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                String($0).removingPercentEncoding ?? ""
            }
            query[pair[0]] = pair.count > 1 ? pair[1] : ""
        }
        return FakeServer.Request(
            method: head.method.rawValue, path: String(parts[0]).removingPercentEncoding ?? "", query: query, headers: head.headers,
            body: body)
    }

    private func respond(to request: FakeServer.Request, _ server: FakeServer, _ context: ChannelHandlerContext) {
        let fault = server.fault(for: request)
        switch fault {
        case .silence, .deafness: return
        case .hangUp: return context.close(promise: nil)
        case .loseAnswer:
            _ = server.answer(request)
            return context.close(promise: nil)
        default: break
        }
        var answer = server.answer(request)
        if case .answer(let other) = fault { answer = other }
        var headers = HTTPHeaders(answer.headers)
        let hasBody = request.method != "HEAD"
        if !headers.contains(name: "content-length") { headers.add(name: "content-length", value: "\(answer.body.readableBytes)") }
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: .init(statusCode: answer.status), headers: headers))), promise: nil)
        var piece = answer.body
        switch fault {
        case .cut(let length), .stall(let length):
            piece = answer.body.getSlice(at: answer.body.readerIndex, length: min(length, answer.body.readableBytes)) ?? ByteBuffer()
        default: break
        }
        if hasBody { context.write(wrapOutboundOut(.body(.byteBuffer(piece))), promise: nil) }
        switch fault {
        case .cut:
            let channel = context.channel
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).whenComplete { _ in
                channel.close(promise: nil)
            }
        case .stall: context.flush()
        default: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
