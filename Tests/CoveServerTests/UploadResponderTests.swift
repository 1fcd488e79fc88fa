import CoveOCI
import HTTPTypes
import Testing

@testable import CoveServer

@Suite("API: uploads")
struct UploadResponderTests {
    private func begin(_ api: API) async throws -> String {
        let answer = try await api.ask(.post, "/v2/a/blobs/uploads/")
        #expect(answer.status == 202)
        let location = try #require(answer.headers[.location])
        #expect(location.hasPrefix("http://localhost:5000/v2/a/blobs/uploads/"))
        #expect(location.hasSuffix(try #require(answer.headers[.dockerUploadUUID])))
        #expect(answer.headers[.range] == "0-0")
        #expect(answer.headers[.ociChunkMinLength] == "1")
        return String(location.dropFirst("http://localhost:5000".count))
    }

    @Test("chunks, status and finish say how far the upload got")
    func chunks() async throws {
        let api = try await API()
        let upload = try await begin(api)
        let first = try await api.ask(.patch, upload, headers: [.contentRange: "0-3"], body: "0123")
        #expect(first.status == 202)
        #expect(first.headers[.range] == "0-3")
        let status = try await api.ask(.get, upload)
        #expect(status.status == 204)
        #expect(status.headers[.range] == "0-3")
        let digest = Digest.of("0123456".utf8)
        let last = try await api.ask(.put, "\(upload)?digest=\(digest)", headers: [.contentRange: "4-6"], body: "456")
        #expect(last.status == 201)
        #expect(last.headers[.location] == "http://localhost:5000/v2/a/blobs/\(digest)")
        #expect(last.headers[.dockerContentDigest] == digest.description)
        #expect(try await api.ask(.get, "/v2/a/blobs/\(digest)").body == "0123456")
        #expect(try await api.ask(.get, upload).error?.code == "BLOB_UPLOAD_UNKNOWN")
    }

    @Test("a chunk out of order is 416 with where to go on")
    func outOfOrder() async throws {
        let api = try await API()
        let upload = try await begin(api)
        _ = try await api.ask(.patch, upload, body: "0123")
        let answer = try await api.ask(.patch, upload, headers: [.contentRange: "5-6"], body: "56")
        #expect(answer.status == 416)
        #expect(answer.headers[.range] == "0-3")
        #expect(answer.headers[.location] == "http://localhost:5000\(upload)")
    }

    @Test(
        "a Content-Range that is malformed, or not as long as the body, is 400",
        arguments: [("x", "RANGE_INVALID"), ("3-1", "RANGE_INVALID"), ("0-9", "SIZE_INVALID")])
    func badRange(header: String, code: String) async throws {
        let api = try await API()
        let answer = try await api.ask(.patch, begin(api), headers: [.contentRange: header], body: "0123")
        #expect(answer.status == 400)
        #expect(answer.error?.code == code)
    }

    @Test("an upload is finished with the digest of what was sent")
    func badFinish() async throws {
        let api = try await API()
        let upload = try await begin(api)
        #expect(try await api.ask(.put, upload, body: "x").error?.code == "DIGEST_INVALID")
        let mismatch = try await api.ask(.put, "\(upload)?digest=\(Digest.of("other".utf8))", body: "x")
        #expect(mismatch.status == 400)
        #expect(mismatch.error?.code == "DIGEST_INVALID")
    }

    @Test(
        "an upload id that is none, or another repository's, is 404",
        arguments: ["/v2/a/blobs/uploads/../../x", "/v2/a/blobs/uploads/forged"])
    func forged(path: String) async throws {
        let api = try await API()
        #expect(try await api.ask(.patch, path, body: "x").status == 404)
        let foreign = try await begin(api).replacing("/v2/a/", with: "/v2/b/")
        #expect(try await api.ask(.patch, foreign, body: "x").error?.code == "BLOB_UPLOAD_UNKNOWN")
    }

    @Test("a blob is mounted where it can be, else an upload begins")
    func mount() async throws {
        let api = try await API()
        let digest = Digest.of("x".utf8)
        _ = try await api.push("x", to: "a")
        let mounted = try await api.ask(.post, "/v2/b/blobs/uploads/?mount=\(digest)&from=a")
        #expect(mounted.status == 201)
        #expect(mounted.headers[.location] == "http://localhost:5000/v2/b/blobs/\(digest)")
        #expect(try await api.ask(.post, "/v2/c/blobs/uploads/?mount=\(digest)").status == 201)
        let other = try await api.ask(.post, "/v2/c/blobs/uploads/?mount=\(Digest.of([]))&from=a")
        #expect(other.status == 202)
        #expect(other.headers[.dockerUploadUUID] != nil)
        #expect(try await api.ask(.post, "/v2/c/blobs/uploads/?mount=x").error?.code == "DIGEST_INVALID")
        #expect(try await api.ask(.post, "/v2/c/blobs/uploads/?mount=\(digest)&from=A").error?.code == "NAME_INVALID")
    }

    @Test("the algorithm of an upload may be chosen among those that are known")
    func algorithm() async throws {
        let api = try await API()
        #expect(try await api.ask(.post, "/v2/a/blobs/uploads/?digest-algorithm=sha512").status == 202)
        let answer = try await api.ask(.post, "/v2/a/blobs/uploads/?digest-algorithm=md5")
        #expect(answer.status == 400)
        #expect(answer.error?.code == "DIGEST_INVALID")
    }

    @Test("a cancelled upload is gone")
    func cancel() async throws {
        let api = try await API()
        let upload = try await begin(api)
        #expect(try await api.ask(.delete, upload).status == 204)
        #expect(try await api.ask(.delete, upload).status == 404)
    }
}
