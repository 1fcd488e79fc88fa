import CoveACME
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Answers HTTP-01 challenges (RFC 8555 section 8.3), and says to everybody else that this is not where images are.
struct HTTP01Responder: Sendable {
    private static let path = "/.well-known/acme-challenge/"

    let manager: CertificateManager

    func respond(_ request: Request, _ writer: consuming ResponseWriter) async throws {
        let answer = await answer(path: request.head.path ?? "", host: request.head.authority ?? "")
        let body = ByteBuffer(string: answer ?? "only challenges of an ACME server are answered here; use https\n")
        let head = HTTPResponse(
            status: answer == nil ? .notFound : .ok,
            headerFields: [
                .contentType: answer == nil ? "text/plain; charset=utf-8" : "application/octet-stream",
                .contentLength: String(body.readableBytes), .cacheControl: "no-store", .date: Timestamp.httpDate(),
            ])
        if request.head.method == .head {
            try await writer.writeResponse(head)
        } else {
            try await writer.write(response: head, body: ResponseBody(byteBuffer: body))
        }
    }

    /// - Returns: nil for what is no challenge that is under way.
    func answer(path: String, host: String) async -> String? {
        guard path.hasPrefix(Self.path) else { return nil }
        let token = path.dropFirst(Self.path.count)
        // Neither a port nor the dot of the DNS's root belongs to the name.
        var name = host.prefix { $0 != ":" }
        if name.hasSuffix(".") { name = name.dropLast() }
        guard !token.isEmpty, let challenge = await manager.board.challenge(.http01, for: name.lowercased()), challenge.token == token
        else { return nil }
        return challenge.keyAuthorization
    }
}
