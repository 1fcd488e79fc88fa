import NIOHTTP1

/// Multipart uploads: an object in parts that arrive in any order and are joined at the end.
extension S3Client {
    /// A part that the service has.
    struct Part: Sendable, Equatable {
        let number: Int
        let etag: String
        let size: Int64
    }

    /// The service's limits.
    static let mostParts = 10_000
    static let leastPartSize = 5 * 1024 * 1024
    static let largestPart: Int64 = 5 * 1024 * 1024 * 1024

    /// - Returns: the upload's id.
    func createMultipartUpload(_ key: String) async throws(S3Error) -> String {
        var request = S3Request(.POST, key, query: [QueryItem("uploads")])
        request.headers = objectHeaders
        let answer = try await send(request)
        guard let id = try document(answer, root: "InitiateMultipartUploadResult")["UploadId"]?.text, !id.isEmpty else {
            throw .invalidAnswer("the service gave a multipart upload no id")
        }
        return id
    }

    func uploadPart(_ key: String, _ id: String, number: Int, _ body: RequestBody) async throws(S3Error) -> Part {
        var request = S3Request(.PUT, key, query: Self.query(id, number))
        request.body = body
        return Part(number: number, etag: try etag(of: try await send(request)), size: Int64(body.length))
    }

    /// Makes a part of bytes of an object, without their coming here.
    func copyPart(
        _ key: String, _ id: String, number: Int, from source: String, _ range: Range<Int64>
    ) async throws(S3Error) -> Part {
        var request = S3Request(.PUT, key, query: Self.query(id, number))
        request.headers = [
            ("x-amz-copy-source", "/\(options.bucket)/\(URIEncoding.encode(source, keepingSlashes: true))"),
            ("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"),
        ]
        guard let etag = try document(try await send(request), root: "CopyPartResult")["ETag"]?.text else {
            throw .invalidAnswer("the service gave a copied part no ETag")
        }
        return Part(number: number, etag: Self.unquoted(etag), size: Int64(range.count))
    }

    /// All parts, by number.
    func listParts(_ key: String, _ id: String) async throws(S3Error) -> [Part] {
        var parts: [Part] = []
        var marker: String?
        repeat {
            var query = [QueryItem("uploadId", id)]
            if let marker { query.append(QueryItem("part-number-marker", marker)) }
            let answer = try await send(S3Request(.GET, key, query: query))
            let page = try document(answer, root: "ListPartsResult", "ListPartsResponse")
            for part in page.all("Part") {
                guard let number = part["PartNumber"].flatMap({ Int($0.text) }), let size = part["Size"].flatMap({ Int64($0.text) }),
                    let etag = part["ETag"]?.text
                else { throw .invalidAnswer("the service lists a part without number, size or ETag") }
                parts.append(Part(number: number, etag: Self.unquoted(etag), size: size))
            }
            marker = try Self.next(page, "NextPartNumberMarker", after: marker)
        } while marker != nil
        return parts.sorted { $0.number < $1.number }
    }

    /// Joins parts to the object. The answer may take minutes; until it is there, the service sends spaces.
    func completeMultipartUpload(_ key: String, _ id: String, _ parts: [Part]) async throws(S3Error) {
        let list = parts.map {
            "<Part><PartNumber>\($0.number)</PartNumber><ETag>&quot;\(XMLElement.escape($0.etag))&quot;</ETag></Part>"
        }
        var request = S3Request(.POST, key, query: [QueryItem("uploadId", id)])
        request.body = RequestBody("<CompleteMultipartUpload>\(list.joined())</CompleteMultipartUpload>")
        request.headers = [("content-type", "application/xml")]
        _ = try document(try await send(request), root: "CompleteMultipartUploadResult")
    }

    /// Not an error when there is no such upload.
    func abortMultipartUpload(_ key: String, _ id: String) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await send(S3Request(.DELETE, key, query: [QueryItem("uploadId", id)]))
        } catch {
            guard error.refusal?.isMissing == true else { throw error }
        }
    }

    private static func query(_ id: String, _ number: Int) -> [QueryItem] {
        [QueryItem("partNumber", "\(number)"), QueryItem("uploadId", id)]
    }

    /// The marker with which the next page is asked for; nil after the last.
    ///
    /// - Throws: when it is the one before: a service that does not page would be asked without end.
    static func next(_ page: XMLElement, _ name: String, after marker: String?) throws(S3Error) -> String? {
        guard page["IsTruncated"]?.text == "true" else { return nil }
        guard let next = page[name]?.text, !next.isEmpty, next != marker else {
            throw .invalidAnswer("the service says that a list goes on, but not where")
        }
        return next
    }
}
