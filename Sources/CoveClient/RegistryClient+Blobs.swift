import AsyncHTTPClient
import CoveOCI
import NIOCore
import NIOHTTP1

/// A blob on its way.
package struct RemoteBlob: Sendable {
    /// Bytes of the whole blob.
    package let size: Int64
    /// Where ``body`` begins in the blob.
    package let start: Int64
    package let body: Body

    package struct Body: AsyncSequence, Sendable {
        package typealias Element = ByteBuffer

        let body: HTTPClientResponse.Body
        let rules: RetryRules

        package struct AsyncIterator: AsyncIteratorProtocol {
            var iterator: HTTPClientResponse.Body.AsyncIterator
            let rules: RetryRules

            package mutating func next() async throws(ClientError) -> ByteBuffer? {
                do {
                    return try await iterator.next()
                } catch {
                    throw ClientError(transport: error, rules)
                }
            }
        }

        package func makeAsyncIterator() -> AsyncIterator {
            AsyncIterator(iterator: body.makeAsyncIterator(), rules: rules)
        }
    }
}

extension RegistryClient {
    /// Size of a blob in bytes.
    package func blobSize(_ digest: Digest, in repository: String, tries: Int? = nil) async throws(ClientError) -> Int64 {
        let response = try await send(.HEAD, endpoint(digest, repository), scope: scope(repository), tries: tries)
        guard let size = Self.length(response.headers) else { throw .invalidAnswer("a blob without Content-Length") }
        return size
    }

    /// Opens a blob for reading, from `start` on if the registry can.
    ///
    /// - Returns: a blob whose `start` is the one that was asked for, or 0.
    package func openBlob(_ digest: Digest, in repository: String, from start: Int64 = 0) async throws(ClientError) -> RemoteBlob {
        let response = try await send(
            .GET, endpoint(digest, repository), scope: scope(repository),
            headers: start > 0 ? [("Range", "bytes=\(start)-")] : [])
        let body = RemoteBlob.Body(body: response.body, rules: rules)
        if response.status == .partialContent {
            guard let size = Self.total(response.headers, from: start) else { throw .invalidAnswer("another range than was asked for") }
            return RemoteBlob(size: size, start: start, body: body)
        }
        if let size = Self.length(response.headers) { return RemoteBlob(size: size, start: 0, body: body) }
        return RemoteBlob(size: try await blobSize(digest, in: repository), start: 0, body: body)
    }

    private func endpoint(_ digest: Digest, _ repository: String) -> String { "\(address.remoteName(repository))/blobs/\(digest)" }

    private static func length(_ headers: HTTPHeaders) -> Int64? {
        headers.first(name: "Content-Length").flatMap { Int64($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }

    /// The size in `Content-Range: bytes 5-9/10`, when the range begins at `start`.
    private static func total(_ headers: HTTPHeaders, from start: Int64) -> Int64? {
        guard let text = headers.first(name: "Content-Range"), text.hasPrefix("bytes \(start)-"), let slash = text.lastIndex(of: "/")
        else { return nil }
        return Int64(text[text.index(after: slash)...])
    }
}
