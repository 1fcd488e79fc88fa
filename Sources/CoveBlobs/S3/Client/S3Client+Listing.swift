import Foundation
import NIOHTTP1

/// What there is in the bucket.
extension S3Client {
    struct ListedObject: Sendable, Equatable {
        let key: String
        let modified: Date
    }

    struct ListedUpload: Sendable, Equatable {
        let key: String
        let id: String
        let initiated: Date
    }

    /// At most a thousand of a list.
    struct Page<Item: Sendable, Marker: Sendable>: Sendable {
        let items: [Item]
        /// The service's time.
        let time: Date
        /// What to ask the next page with; nil after the last.
        let next: Marker?
    }

    struct UploadMarker: Sendable, Equatable {
        let key: String
        let id: String
    }

    /// Objects under a prefix.
    func listObjects(_ prefix: String, after token: String? = nil) async throws(S3Error) -> Page<ListedObject, String> {
        var query = [QueryItem("list-type", "2"), QueryItem("prefix", prefix)]
        if let token { query.append(QueryItem("continuation-token", token)) }
        let answer = try await send(S3Request(.GET, nil, query: query))
        let page = try document(answer, root: "ListBucketResult")
        let objects = page.all("Contents").compactMap { object -> ListedObject? in
            guard let key = object["Key"]?.text, let modified = object["LastModified"].flatMap({ AmazonTime.parse(iso: $0.text) })
            else { return nil }
            return ListedObject(key: key, modified: modified)
        }
        return Page(items: objects, time: time(of: answer), next: try Self.next(page, "NextContinuationToken", after: token))
    }

    /// Multipart uploads under a prefix that have neither been completed nor aborted.
    func listMultipartUploads(
        _ prefix: String, after marker: UploadMarker? = nil
    ) async throws(S3Error) -> Page<ListedUpload, UploadMarker> {
        var query = [QueryItem("uploads"), QueryItem("prefix", prefix)]
        if let marker { query += [QueryItem("key-marker", marker.key), QueryItem("upload-id-marker", marker.id)] }
        let answer = try await send(S3Request(.GET, nil, query: query))
        let page = try document(answer, root: "ListMultipartUploadsResult")
        let uploads = page.all("Upload").compactMap { upload -> ListedUpload? in
            guard let key = upload["Key"]?.text, let id = upload["UploadId"]?.text,
                let initiated = upload["Initiated"].flatMap({ AmazonTime.parse(iso: $0.text) })
            else { return nil }
            // Not every service heeds the prefix here.
            return key.hasPrefix(prefix) ? ListedUpload(key: key, id: id, initiated: initiated) : nil
        }
        let next = try Self.next(page, "NextKeyMarker", after: nil).map {
            UploadMarker(key: $0, id: page["NextUploadIdMarker"]?.text ?? "")
        }
        guard next == nil || next != marker else { throw .invalidAnswer("the service says that a list goes on, but not where") }
        return Page(items: uploads, time: time(of: answer), next: next)
    }

    /// All multipart uploads under a prefix.
    func multipartUploads(_ prefix: String) async throws(S3Error) -> [ListedUpload] {
        var page = try await listMultipartUploads(prefix)
        var uploads = page.items
        while let next = page.next {
            page = try await listMultipartUploads(prefix, after: next)
            uploads += page.items
        }
        return uploads
    }

    /// Whether the bucket answers, with as little as can be asked.
    func checkBucket(tries: Int? = nil, within limit: Duration? = nil) async throws(S3Error) {
        let query = [QueryItem("list-type", "2"), QueryItem("max-keys", "1"), QueryItem("prefix", "cove/")]
        let answer = try await send(S3Request(.GET, nil, query: query), tries: tries, within: limit)
        _ = try document(answer, root: "ListBucketResult")
    }

    /// Ages are told by the service's own clock, from which the times in its lists are.
    private func time(of answer: HTTPTransport.Answer) -> Date {
        answer.headers.first(name: "date").flatMap(AmazonTime.parse(http:)) ?? now
    }
}
