import Foundation
import NIOCore
import NIOHTTP1

/// The bucket seen as a tree of directories, its keys cut at slashes.
extension S3Client {
    /// At most a thousand of what is directly in a directory.
    struct DirectoryPage: Sendable {
        let files: [String]
        let directories: [String]
        /// What to ask the next page with; nil after the last.
        let next: String?
    }

    /// - Parameter prefix: of all keys in the directory, a slash at its end.
    func listDirectory(_ prefix: String, after token: String? = nil) async throws(S3Error) -> DirectoryPage {
        var query = [QueryItem("delimiter", "/"), QueryItem("list-type", "2"), QueryItem("prefix", prefix)]
        if let token { query.append(QueryItem("continuation-token", token)) }
        let page = try document(try await send(S3Request(.GET, nil, query: query)), root: "ListBucketResult")
        func name(_ key: String?) -> String? {
            guard let key, key.hasPrefix(prefix) else { return nil }
            let name = key.dropFirst(prefix.count)
            return String(name.hasSuffix("/") ? name.dropLast() : name)
        }
        return DirectoryPage(
            // Some tools mark a directory by an object of its name with a slash.
            files: page.all("Contents").compactMap { name($0["Key"]?.text) }.filter { !$0.isEmpty },
            directories: page.all("CommonPrefixes").compactMap { name($0["Prefix"]?.text) },
            next: try Self.next(page, "NextContinuationToken", after: token))
    }

    /// A small object and when it was written (UTC microseconds since 1970).
    ///
    /// - Parameter limit: bytes; of a longer one only the size is told.
    /// - Returns: nil when there is no such object.
    func smallObject(_ key: String, limit: Int) async throws(S3Error) -> (bytes: ByteBuffer?, size: Int64, modified: Int64)? {
        do throws(S3Error) {
            var request = S3Request(.GET, key)
            // One more, so that a longer one shows.
            request.headers = [("range", "bytes=0-\(limit)")]
            let answer = try await send(request)
            let range = answer.headers.first(name: "content-range")
            let total = range.flatMap { $0.split(separator: "/").last.flatMap { Int64($0) } } ?? Int64(answer.body.readableBytes)
            return (total <= Int64(limit) ? answer.body : nil, total, Self.modified(answer.headers))
        } catch {
            // An empty object has no range at all.
            if error.refusal?.status == 416 { return (ByteBuffer(), 0, 0) }
            if error.refusal?.isMissing == true { return nil }
            throw error
        }
    }

    /// Size and time of an object.
    ///
    /// - Returns: nil when there is no such object.
    func measureObject(_ key: String) async throws(S3Error) -> (size: Int64, modified: Int64)? {
        do throws(S3Error) {
            let answer = try await send(S3Request(.HEAD, key))
            guard let size = answer.headers.first(name: "content-length").flatMap({ Int64($0) }) else {
                throw .invalidAnswer("the service does not say the length of an object")
            }
            return (size, Self.modified(answer.headers))
        } catch {
            if error.refusal?.isMissing == true { return nil }
            throw error
        }
    }

    private static func modified(_ headers: HTTPHeaders) -> Int64 {
        guard let date = headers.first(name: "last-modified").flatMap(AmazonTime.parse(http:)) else { return 0 }
        return Int64(date.timeIntervalSince1970) * 1_000_000
    }
}
