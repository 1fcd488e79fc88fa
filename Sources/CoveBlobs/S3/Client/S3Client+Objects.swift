import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// Single objects.
extension S3Client {
    struct ObjectInfo: Sendable, Equatable {
        let size: Int64
        let etag: String
    }

    /// A part of an object that is being received.
    struct OpenObject: Sendable {
        /// Bytes that will come.
        let length: Int64
        /// Bytes of the whole object.
        let total: Int64?
        let etag: String
        let body: HTTPClientResponse.Body
    }

    /// - Returns: the object's ETag.
    func putObject(_ key: String, _ body: RequestBody) async throws(S3Error) -> String {
        var request = S3Request(.PUT, key)
        request.body = body
        request.headers = objectHeaders
        return try etag(of: try await send(request))
    }

    /// Asks for a part of an object and returns when it begins to arrive.
    ///
    /// - Parameter end: nil for all that there is.
    /// - Returns: nil when the object ends before `start`.
    func openObject(_ key: String, from start: Int64, to end: Int64? = nil) async throws(S3Error) -> OpenObject? {
        var request = S3Request(.GET, key)
        let isWhole = start == 0 && end == nil
        if !isWhole { request.headers.append(("range", "bytes=\(start)-\(end.map { "\($0 - 1)" } ?? "")")) }
        let response: HTTPClientResponse
        do throws(S3Error) {
            response = try await open(request)
        } catch {
            if error.refusal?.status == 416 { return nil }
            throw error
        }
        guard response.status == .partialContent || isWhole || start == 0 else {
            throw .invalidAnswer("the service ignores the Range of a GET, which is needed")
        }
        guard let length = response.headers.first(name: "content-length").flatMap(Int64.init) else {
            throw .invalidAnswer("the service does not say the length of an object")
        }
        let range = response.headers.first(name: "content-range")
        let total = range.flatMap { $0.split(separator: "/").last.flatMap { Int64($0) } }
        return OpenObject(
            length: length, total: response.status == .partialContent ? total : length,
            etag: Self.unquoted(response.headers.first(name: "etag") ?? ""), body: response.body)
    }

    /// - Returns: nil when there is no such object.
    func headObject(_ key: String) async throws(S3Error) -> ObjectInfo? {
        do throws(S3Error) {
            let answer = try await send(S3Request(.HEAD, key))
            guard let size = answer.headers.first(name: "content-length").flatMap(Int64.init) else {
                throw .invalidAnswer("the service does not say the length of an object")
            }
            return ObjectInfo(size: size, etag: try etag(of: answer))
        } catch {
            if error.refusal?.isMissing == true { return nil }
            throw error
        }
    }

    /// Not an error when there is no such object.
    func deleteObject(_ key: String) async throws(S3Error) {
        do throws(S3Error) {
            _ = try await send(S3Request(.DELETE, key))
        } catch {
            guard error.refusal?.code == "NoSuchKey" else { throw error }
        }
    }

    /// Deletes any number of objects, a thousand a request.
    ///
    /// - Throws: the first error of any of them, after all have been tried.
    func deleteObjects(_ keys: [String]) async throws(S3Error) {
        if keys.count == 1 { return try await deleteObject(keys[0]) }
        var failure: S3Error?
        for start in stride(from: 0, to: keys.count, by: 1000) {
            let objects = keys[start..<min(start + 1000, keys.count)].map { "<Object><Key>\(XMLElement.escape($0))</Key></Object>" }
            var request = S3Request(.POST, nil, query: [QueryItem("delete")])
            let body = RequestBody("<Delete>\(objects.joined())<Quiet>true</Quiet></Delete>")
            request.body = body
            request.headers = [
                ("content-md5", Data(body.md5).base64EncodedString()), ("content-type", "application/xml"),
            ]
            let answer = try await send(request)
            guard answer.body.readableBytes > 0 else { continue }
            let errors = try document(answer, root: "DeleteResult").all("Error").filter { $0["Code"]?.text != "NoSuchKey" }
            if let error = errors.first {
                failure = .refused(
                    .init(status: answer.status, code: error["Code"]?.text ?? "", message: error["Message"]?.text ?? ""))
            }
        }
        if let failure { throw failure }
    }

    /// What every new object is made with.
    var objectHeaders: [(name: String, value: String)] {
        var headers = [(name: "content-type", value: "application/octet-stream")]
        if let storageClass = options.storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if let acl = options.objectACL { headers.append(("x-amz-acl", acl)) }
        switch options.encryption {
        case .s3: headers.append(("x-amz-server-side-encryption", "AES256"))
        case .kms(let keyID):
            headers.append(("x-amz-server-side-encryption", "aws:kms"))
            headers.append(("x-amz-server-side-encryption-aws-kms-key-id", keyID))
        case nil: break
        }
        return headers
    }

    func etag(of answer: HTTPTransport.Answer) throws(S3Error) -> String {
        guard let etag = answer.headers.first(name: "etag") else { throw .invalidAnswer("the service gave an object no ETag") }
        return Self.unquoted(etag)
    }

    static func unquoted(_ etag: String) -> String {
        let text = etag.hasPrefix("W/") ? etag.dropFirst(2) : etag[...]
        return String(text.hasPrefix("\"") && text.hasSuffix("\"") && text.count > 1 ? text.dropFirst().dropLast() : text)
    }
}
