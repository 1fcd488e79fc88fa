import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import Synchronization
import TestSupport

@testable import CoveBlobs

/// A bucket of S3 in memory, as far as the storage uses one.
final class FakeBucket: Sendable {
    struct Object: Sendable {
        var bytes: ByteBuffer
        var etag: String
        var modified: Date
    }

    struct Multipart: Sendable {
        let key: String
        var parts: [Int: Object] = [:]
        let initiated: Date
    }

    struct State: Sendable {
        var objects: [String: Object] = [:]
        var multiparts: [String: Multipart] = [:]
        var now = Date()
        var made = 0
    }

    static let name = "bucket"
    let state = Shared(State())
    private let page: Int

    /// - Parameter page: the most that a list has.
    init(page: Int = 1000) {
        self.page = page
    }

    var keys: Set<String> { Set(state.value.objects.keys) }

    func answer(_ request: FakeServer.Request) -> FakeServer.Answer {
        var answer = FakeServer.Answer(500)
        state.change { state in
            answer = respond(to: request, &state)
            answer.headers.append(("date", Self.httpDate(state.now)))
        }
        return answer
    }

    private func respond(to request: FakeServer.Request, _ state: inout State) -> FakeServer.Answer {
        let names = request.path.split(separator: "/", maxSplits: 1).map(String.init)
        guard names.first == Self.name else { return Self.error(404, "NoSuchBucket") }
        guard names.count > 1 else { return bucket(request, &state) }
        let key = names[1]
        switch (request.method, request.query["uploadId"]) {
        case ("POST", nil) where request.query["uploads"] != nil:
            state.made += 1
            state.multiparts["id-\(state.made)"] = Multipart(key: key, initiated: state.now)
            return Self.xml("InitiateMultipartUploadResult", "<UploadId>id-\(state.made)</UploadId>")
        case ("PUT", let id?): return putPart(request, id, key, &state)
        case ("GET", let id?):
            guard let multipart = state.multiparts[id], multipart.key == key else { return Self.error(404, "NoSuchUpload") }
            return list(parts: multipart, after: request.query["part-number-marker"])
        case ("POST", let id?): return complete(request, id, key, &state)
        case ("DELETE", let id?): return state.multiparts.removeValue(forKey: id) == nil ? Self.error(404, "NoSuchUpload") : .init(204)
        case ("PUT", nil):
            let object = Object(bytes: request.body, etag: Self.md5(request.body), modified: state.now)
            state.objects[key] = object
            return .init(200, headers: [("etag", "\"\(object.etag)\"")])
        case ("DELETE", nil):
            state.objects[key] = nil
            return .init(204)
        case ("GET", nil), ("HEAD", nil):
            guard let object = state.objects[key] else { return Self.error(404, "NoSuchKey") }
            return Self.content(object, range: request.headers.first(name: "range"))
        default: return Self.error(405, "MethodNotAllowed")
        }
    }

    private func bucket(_ request: FakeServer.Request, _ state: inout State) -> FakeServer.Answer {
        if request.query["delete"] != nil {
            let body = request.body
            guard let root = try? XMLReader.read(body.readableBytesView),
                request.headers.first(name: "content-md5") == Data(RequestBody(String(buffer: body)).md5).base64EncodedString()
            else { return Self.error(400, "MalformedXML") }
            for object in root.all("Object") { state.objects[object["Key"]?.text ?? ""] = nil }
            return Self.xml("DeleteResult", "")
        }
        let prefix = request.query["prefix"] ?? ""
        if request.query["uploads"] != nil {
            let marker = request.query["key-marker"].map { "\($0) \(request.query["upload-id-marker"] ?? "")" } ?? ""
            let all = state.multiparts.map { (id: $0.key, upload: $0.value) }
                .filter { $0.upload.key.hasPrefix(prefix) && "\($0.upload.key) \($0.id)" > marker }
                .sorted { ($0.upload.key, $0.id) < ($1.upload.key, $1.id) }
            let items = all.prefix(page).map {
                "<Upload><Key>\($0.upload.key)</Key><UploadId>\($0.id)</UploadId><Initiated>\(Self.iso($0.upload.initiated))</Initiated></Upload>"
            }
            let next = all.count > page ? all[page - 1] : nil
            return Self.xml(
                "ListMultipartUploadsResult",
                items.joined() + "<IsTruncated>\(next != nil)</IsTruncated>"
                    + (next.map { "<NextKeyMarker>\($0.upload.key)</NextKeyMarker><NextUploadIdMarker>\($0.id)</NextUploadIdMarker>" } ?? "")
            )
        }
        if request.query["delimiter"] == "/" { return listDirectory(prefix, after: request.query["continuation-token"] ?? "", state) }
        let token = request.query["continuation-token"] ?? ""
        let all = state.objects.filter { $0.key.hasPrefix(prefix) && $0.key > token }.sorted { $0.key < $1.key }
        let items = all.prefix(page).map {
            "<Contents><Key>\($0.key)</Key><LastModified>\(Self.iso($0.value.modified))</LastModified></Contents>"
        }
        let next = all.count > page ? "<NextContinuationToken>\(all[page - 1].key)</NextContinuationToken>" : ""
        return Self.xml("ListBucketResult", items.joined() + "<IsTruncated>\(all.count > page)</IsTruncated>\(next)")
    }

    /// A list whose keys are cut at the next slash.
    private func listDirectory(_ prefix: String, after token: String, _ state: State) -> FakeServer.Answer {
        let names = state.objects.keys.filter { $0.hasPrefix(prefix) }.map { key in
            let rest = key.dropFirst(prefix.count)
            return prefix + (rest.firstIndex(of: "/").map { rest[...$0] } ?? rest)
        }
        let all = Set(names).filter { $0 > token }.sorted()
        let items = all.prefix(page).map { name in
            name.hasSuffix("/") && name != prefix
                ? "<CommonPrefixes><Prefix>\(name)</Prefix></CommonPrefixes>"
                : "<Contents><Key>\(name)</Key><LastModified>\(Self.iso(state.now))</LastModified></Contents>"
        }
        let next = all.count > page ? "<NextContinuationToken>\(all[page - 1])</NextContinuationToken>" : ""
        return Self.xml("ListBucketResult", items.joined() + "<IsTruncated>\(all.count > page)</IsTruncated>\(next)")
    }

    private func putPart(_ request: FakeServer.Request, _ id: String, _ key: String, _ state: inout State) -> FakeServer.Answer {
        guard state.multiparts[id]?.key == key, let number = request.query["partNumber"].flatMap(Int.init) else {
            return Self.error(404, "NoSuchUpload")
        }
        var bytes = request.body
        let source = request.headers.first(name: "x-amz-copy-source")?.removingPercentEncoding
        if let source {
            guard let object = state.objects[String(source.dropFirst(Self.name.count + 2))] else { return Self.error(404, "NoSuchKey") }
            bytes = Self.content(object, range: request.headers.first(name: "x-amz-copy-source-range")).body
        }
        let part = Object(bytes: bytes, etag: Self.md5(bytes), modified: state.now)
        state.multiparts[id]?.parts[number] = part
        if source != nil { return Self.xml("CopyPartResult", "<ETag>\"\(part.etag)\"</ETag>") }
        return .init(200, headers: [("etag", "\"\(part.etag)\"")])
    }

    private func list(parts multipart: Multipart, after marker: String?) -> FakeServer.Answer {
        let all = multipart.parts.sorted { $0.key < $1.key }.filter { $0.key > marker.flatMap(Int.init) ?? 0 }
        let items = all.prefix(page).map {
            "<Part><PartNumber>\($0.key)</PartNumber><ETag>&quot;\($0.value.etag)&quot;</ETag><Size>\($0.value.bytes.readableBytes)</Size></Part>"
        }
        let next = all.count > page ? "<NextPartNumberMarker>\(all[page - 1].key)</NextPartNumberMarker>" : ""
        return Self.xml("ListPartsResult", items.joined() + "<IsTruncated>\(all.count > page)</IsTruncated>\(next)")
    }

    private func complete(_ request: FakeServer.Request, _ id: String, _ key: String, _ state: inout State) -> FakeServer.Answer {
        guard let multipart = state.multiparts[id], multipart.key == key else { return Self.error(404, "NoSuchUpload") }
        guard let named = try? XMLReader.read(request.body.readableBytesView).all("Part"), !named.isEmpty else {
            return Self.error(400, "MalformedXML")
        }
        var bytes = ByteBuffer()
        for (index, name) in named.enumerated() {
            guard let number = name["PartNumber"].flatMap({ Int($0.text) }), var part = multipart.parts[number],
                name["ETag"]?.text == "\"\(part.etag)\""
            else { return Self.error(400, "InvalidPart") }
            if index < named.count - 1, part.bytes.readableBytes < S3Client.leastPartSize { return Self.error(400, "EntityTooSmall") }
            bytes.writeBuffer(&part.bytes)
        }
        let etags = named.compactMap { $0["ETag"]?.text.filter { $0 != "\"" } }
        state.objects[key] = Object(bytes: bytes, etag: UploadMark.seal(of: etags), modified: multipart.initiated)
        state.multiparts[id] = nil
        return Self.xml("CompleteMultipartUploadResult", "<Key>\(key)</Key>")
    }

    // MARK: - Answers

    static func error(_ status: Int, _ code: String, _ extra: String = "") -> FakeServer.Answer {
        .init(status, "<Error><Code>\(code)</Code><Message>said the fake</Message>\(extra)</Error>")
    }

    private static func xml(_ root: String, _ content: String) -> FakeServer.Answer {
        .init(200, #"<?xml version="1.0"?><\#(root) xmlns="http://s3.amazonaws.com/doc/2006-03-01/">\#(content)</\#(root)>"#)
    }

    private static func content(_ object: Object, range: String?) -> FakeServer.Answer {
        let size = object.bytes.readableBytes
        var answer = FakeServer.Answer(200, headers: [("etag", "\"\(object.etag)\""), ("last-modified", httpDate(object.modified))])
        answer.body = object.bytes
        if let match = range?.wholeMatch(of: /bytes=(\d+)-(\d*)/), let first = Int(match.output.1) {
            guard first < size else { return error(416, "InvalidRange") }
            let last = min(Int(match.output.2) ?? size - 1, size - 1)
            answer.status = 206
            answer.headers.append(("content-range", "bytes \(first)-\(last)/\(size)"))
            answer.body = object.bytes.getSlice(at: object.bytes.readerIndex + first, length: last - first + 1) ?? ByteBuffer()
        }
        answer.headers.append(("content-length", "\(answer.body.readableBytes)"))
        return answer
    }

    private static func md5(_ bytes: ByteBuffer) -> String {
        bytes.withUnsafeReadableBytes { Insecure.MD5.hash(data: $0).hexadecimal }
    }

    private static func iso(_ date: Date) -> String {
        let stamp = Array(AmazonTime.stamp(date))
        func part(_ range: Range<Int>) -> String { String(stamp[range]) }
        return "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15)).000Z"
    }

    private static func httpDate(_ date: Date) -> String {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = iso(date)
        let month = months[(Int(text.dropFirst(5).prefix(2)) ?? 1) - 1]
        return "Mon, \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) GMT"
    }
}
