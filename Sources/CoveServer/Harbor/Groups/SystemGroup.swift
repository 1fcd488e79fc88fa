import HTTPTypes
import HummingbirdCore
import NIOCore

/// What is said of the server to anybody.
struct SystemGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.getPing: ping] }

    private func ping(_ call: HarborCall) -> Response { .text("Pong") }
}

extension Response {
    /// A plain text.
    static func text(_ text: String, headers: HTTPFields = HTTPFields()) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.contentLength] = String(text.utf8.count)
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}
