import CoveOCI
import HTTPTypes
import Testing

@testable import CoveServer

@Suite("API: blobs")
struct BlobResponderTests {
    private static let digest = Digest.of("0123456789".utf8)
    private let path = "/v2/team/app/blobs/\(digest)"

    private func api() async throws -> API {
        let api = try await API()
        _ = try await api.push("0123456789", to: "team/app")
        return api
    }

    @Test("a blob comes with what caches need")
    func get() async throws {
        let answer = try await api().ask(.get, path)
        #expect(answer.status == 200)
        #expect(answer.body == "0123456789")
        #expect(answer.headers[.contentType] == "application/octet-stream")
        #expect(answer.headers[.contentLength] == "10")
        #expect(answer.headers[.dockerContentDigest] == Self.digest.description)
        #expect(answer.headers[.eTag] == "\"\(Self.digest)\"")
        #expect(answer.headers[.cacheControl] == "max-age=31536000, immutable")
        #expect(answer.headers[.acceptRanges] == "bytes")
    }

    @Test("HEAD says the length")
    func head() async throws {
        let answer = try await api().ask(.head, path)
        #expect(answer.status == 200)
        #expect(answer.headers[.contentLength] == "10")
        #expect(answer.body == "")
    }

    @Test(
        "a range is served in part",
        arguments: [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=8-", "89", "bytes 8-9/10")])
    func range(header: String, body: String, contentRange: String) async throws {
        let answer = try await api().ask(.get, path, headers: [.range: header])
        #expect(answer.status == 206)
        #expect(answer.body == body)
        #expect(answer.headers[.contentRange] == contentRange)
        #expect(answer.headers[.contentLength] == String(body.utf8.count))
    }

    @Test("a range outside of the blob is answered with its size")
    func unsatisfiable() async throws {
        let answer = try await api().ask(.get, path, headers: [.range: "bytes=10-"])
        #expect(answer.status == 416)
        #expect(answer.headers[.contentRange] == "bytes */10")
        #expect(answer.error?.code == "RANGE_INVALID")
    }

    @Test("a range of what has changed meanwhile is the whole")
    func ifRange() async throws {
        let api = try await api()
        let other = try await api.ask(.get, path, headers: [.range: "bytes=2-4", .ifRange: "\"other\""])
        #expect(other.status == 200 && other.body == "0123456789")
        let same = try await api.ask(.get, path, headers: [.range: "bytes=2-4", .ifRange: "\"\(Self.digest)\""])
        #expect(same.status == 206 && same.body == "234")
    }

    @Test("what the client has is not sent again", arguments: ["\"%\"", "W/\"%\"", "\"x\", \"%\"", "*", "%", " \"%\" "])
    func notModified(template: String) async throws {
        let header = template.replacing("%", with: Self.digest.description)
        for method in [HTTPRequest.Method.get, .head] {
            let answer = try await api().ask(method, path, headers: [.ifNoneMatch: header])
            #expect(answer.status == 304)
            #expect(answer.headers[.contentLength] == nil)
            #expect(answer.headers[.eTag] == "\"\(Self.digest)\"")
        }
    }

    @Test("an entity tag of something else matches nothing", arguments: ["", "\"\"", "\"x\"", "W/", "\"sha256:0\"", ","])
    func modified(header: String) {
        #expect(!OCIResponder.matches(header, Self.digest))
        #expect(!OCIResponder.matches(nil, Self.digest))
    }

    @Test("a blob that is not there is 404, whatever the method and the conditions")
    func unknown() async throws {
        let api = try await api()
        let elsewhere = "/v2/other/blobs/\(Self.digest)"
        for (method, headers) in [(.get, [:]), (.head, [:]), (.delete, [:]), (.get, [.ifNoneMatch: "*"])]
            as [(HTTPRequest.Method, HTTPFields)]
        {
            let answer = try await api.ask(method, elsewhere, headers: headers)
            #expect(answer.status == 404)
            #expect(answer.error?.code == "BLOB_UNKNOWN")
        }
    }

    @Test("a deleted blob is 202, then 404")
    func delete() async throws {
        let api = try await api()
        #expect(try await api.ask(.delete, path).status == 202)
        #expect(try await api.ask(.get, path).status == 404)
    }

    @Test(
        "names and digests that are malformed have their codes",
        arguments: [
            ("/v2/A/blobs/\(digest)", "NAME_INVALID"), ("/v2/a/../blobs/\(digest)", "NAME_INVALID"),
            ("/v2/a/blobs/sha256:x", "DIGEST_INVALID"),
            ("/v2/a/blobs/md5:00", "DIGEST_INVALID"), ("/v2/\(String(repeating: "a", count: 256))/blobs/\(digest)", "NAME_INVALID"),
        ])
    func malformed(path: String, code: String) async throws {
        let answer = try await api().ask(.get, path)
        #expect(answer.status == 400)
        #expect(answer.error?.code == code)
    }
}
