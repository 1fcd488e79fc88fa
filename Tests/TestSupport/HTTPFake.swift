import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A small HTTP server on a free port of 127.0.0.1, whose answers a test makes.
package final class HTTPFake: Sendable {
    package struct Request: Sendable {
        package let method: String
        /// As sent, without the query.
        package let path: String
        package let query: String
        package let headers: [(name: String, value: String)]

        package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }

        /// Method, path and query, as a test speaks of it.
        package var line: String { "\(method) \(path)\(query.isEmpty ? "" : "?\(query)")" }
    }

    package struct Answer: Sendable {
        package var status: Int
        package var headers: [(String, String)]
        package var pieces: [ByteBuffer]
        /// Before each piece.
        package var pause: Duration = .zero
        /// Whether the connection is closed where the end should be.
        package var breaksOff = false
        /// Asked before each piece, by its number, until it says false.
        package var isHeld: @Sendable (Int) -> Bool = { _ in false }

        package init(_ status: Int, _ headers: [(String, String)] = [], _ pieces: String...) {
            self.status = status
            self.headers = headers
            self.pieces = pieces.map { ByteBuffer(string: $0) }
        }
    }

    package let port: Int
    private let channel: any Channel
    private let recorder: Recorder

    package init(_ respond: @escaping @Sendable (Request) -> Answer) async throws {
        let recorder = Recorder()
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Responder(recorder, respond))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        port = channel.localAddress?.port ?? 0
        self.recorder = recorder
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { recorder.requests.withLock { $0 } }
    /// What was asked since this was asked last.
    package func lines() -> [String] {
        recorder.requests.withLock { requests in
            defer { requests = [] }
            return requests.map(\.line)
        }
    }

    package func stop() async { try? await channel.close() }

    private final class Recorder: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let recorder: Recorder
        private let respond: @Sendable (Request) -> Answer
        private var head: HTTPRequestHead?

        init(_ recorder: Recorder, _ respond: @escaping @Sendable (Request) -> Answer) {
            self.recorder = recorder
            self.respond = respond
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
                let request = Request(
                    method: head.method.rawValue, path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "",
                    headers: head.headers.map { ($0.name, $0.value) })
                recorder.requests.withLock { $0.append(request) }
                send(respond(request), isHead: head.method == .HEAD, context.channel)
            }
        }

        private func send(_ answer: Answer, isHead: Bool, _ channel: any Channel) {
            var headers = HTTPHeaders(answer.headers)
            if !headers.contains(name: "content-length"), !headers.contains(name: "transfer-encoding") {
                headers.add(name: "content-length", value: String(answer.pieces.reduce(0) { $0 + $1.readableBytes }))
            }
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
            channel.writeAndFlush(HTTPServerResponsePart.head(head), promise: nil)
            let hasBody = !isHead && answer.status != 304
            Self.send(hasBody ? answer.pieces[...] : [], answer, channel)
        }

        private static func send(_ pieces: ArraySlice<ByteBuffer>, _ answer: Answer, _ channel: any Channel) {
            guard let piece = pieces.first else {
                if answer.breaksOff {
                    // After what was written has left.
                    channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer()))).whenComplete { _ in
                        channel.close(promise: nil)
                    }
                } else {
                    channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
                }
                return
            }
            guard !answer.isHeld(pieces.startIndex) else {
                channel.eventLoop.scheduleTask(in: .milliseconds(5)) { send(pieces, answer, channel) }
                return
            }
            let pause = answer.pause.components.attoseconds / 1_000_000_000 + answer.pause.components.seconds * 1_000_000_000
            channel.eventLoop.scheduleTask(in: .nanoseconds(pause)) {
                channel.writeAndFlush(HTTPServerResponsePart.body(.byteBuffer(piece)), promise: nil)
                send(pieces.dropFirst(), answer, channel)
            }
        }
    }
}
