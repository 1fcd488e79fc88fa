import CoveBlobs
import CoveMetadata
import CoveOCI
import CoveRegistry
import Foundation
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import TestSupport

@testable import CoveServer

/// Requests without a network.
enum Requests {
    static func exchange(
        _ method: HTTPRequest.Method = .get, _ path: String = "/v2/", headers: HTTPFields = [:], authority: String? = "localhost:5000",
        scheme: String = "http", body: ByteBuffer = ByteBuffer()
    ) -> Exchange {
        let head = HTTPRequest(method: method, scheme: scheme, authority: authority, path: path, headerFields: headers)
        return Exchange(request: Request(head: head, body: RequestBody(buffer: body)), channel: NIOAsyncTestingChannel(), scheme: scheme)
    }

    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    static func registry(_ options: Registry.Options = .init(), storage: any BlobStorage = MemoryStorage()) async throws -> Registry {
        Registry(metadata: try await .open(SQLiteEngine(.memory)), storage: storage, options: options, logger: logger)
    }
}

/// The distribution API over a registry in memory.
struct API {
    let responder: OCIResponder

    init(_ options: OCIResponder.Options = .init(), storage: any BlobStorage = MemoryStorage()) async throws {
        responder = OCIResponder(registry: try await Requests.registry(storage: storage), options: options)
    }

    func ask(
        _ method: HTTPRequest.Method, _ path: String, headers: HTTPFields = [:], body: String = ""
    ) async throws -> Answer {
        var headers = headers
        if !body.isEmpty, headers[.contentLength] == nil { headers[.contentLength] = String(body.utf8.count) }
        let exchange = Requests.exchange(method, path, headers: headers, body: ByteBuffer(string: body))
        let path = exchange.path.dropFirst(3)
        let response: Response
        do throws(OCIFailure) {
            response = try await responder.respond(exchange, to: OCIRoute(path: path), path: path)
        } catch {
            response = error.response
        }
        return try await Answer(response)
    }

    /// Pushes a blob and returns its descriptor's JSON.
    func push(_ text: String, to repository: String, mediaType: String = "application/octet-stream") async throws -> String {
        let digest = Digest.of(text.utf8)
        _ = try await ask(.post, "/v2/\(repository)/blobs/uploads/?digest=\(digest)", body: text)
        return #"{"mediaType":"\#(mediaType)","digest":"\#(digest)","size":\#(text.utf8.count)}"#
    }

    func image(_ note: String, in repository: String, mediaType: String = MediaType.imageManifest, more: String = "") async throws -> String
    {
        let config = try await push("{}", to: repository)
        return #"{"schemaVersion":2,"mediaType":"\#(mediaType)","config":\#(config),"layers":[],"annotations":{"n":"\#(note)"}\#(more)}"#
    }
}

/// A response with its body read.
struct Answer {
    let status: Int
    let headers: HTTPFields
    let body: String

    init(_ response: Response) async throws {
        status = response.status.code
        headers = response.headers
        let collected = Shared("")
        // A blob that streams goes to its channel; here its length is enough.
        if response.body.contentLength.map({ $0 <= 65_536 }) ?? true { try await response.body.write(Collector(text: collected)) }
        body = collected.value
    }

    /// The code and message of the first error in the envelope.
    var error: (code: String, message: String)? {
        guard let root = try? JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any],
            let errors = root["errors"] as? [[String: Any]], errors.count == 1, let code = errors[0]["code"] as? String,
            let message = errors[0]["message"] as? String
        else { return nil }
        return (code, message)
    }

    private struct Collector: ResponseBodyWriter {
        let text: Shared<String>

        mutating func write(_ buffer: ByteBuffer) async throws { text.change { $0 += String(buffer: buffer) } }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
