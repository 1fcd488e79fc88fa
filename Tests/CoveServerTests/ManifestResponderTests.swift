import CoveOCI
import HTTPTypes
import HummingbirdCore
import Testing

@testable import CoveServer

@Suite("API: manifests")
struct ManifestResponderTests {
    @Test("a manifest is pushed by tag and pulled with its type and digest")
    func pushAndPull() async throws {
        let api = try await API()
        let json = try await api.image("i", in: "a")
        let digest = Digest.of(json.utf8)
        let pushed = try await api.ask(.put, "/v2/a/manifests/v1", headers: [.contentType: MediaType.imageManifest], body: json)
        #expect(pushed.status == 201)
        #expect(pushed.headers[.location] == "http://localhost:5000/v2/a/manifests/\(digest)")
        #expect(pushed.headers[.dockerContentDigest] == digest.description)
        #expect(pushed.headers[.ociSubject] == nil)
        for method in [HTTPRequest.Method.get, .head] {
            let pulled = try await api.ask(method, "/v2/a/manifests/v1")
            #expect(pulled.status == 200)
            #expect(pulled.headers[.contentType] == MediaType.imageManifest)
            #expect(pulled.headers[.contentLength] == String(json.utf8.count))
            #expect(pulled.headers[.eTag] == "\"\(digest)\"")
            #expect(pulled.headers[.cacheControl] == nil)
        }
        let byDigest = try await api.ask(.get, "/v2/a/manifests/\(digest)")
        #expect(byDigest.body == json)
        #expect(byDigest.headers[.cacheControl] == "max-age=31536000, immutable")
        #expect(try await api.ask(.get, "/v2/a/manifests/v1", headers: [.ifNoneMatch: "\"\(digest)\""]).status == 304)
    }

    @Test("a push may name several tags and a subject")
    func tagsAndSubject() async throws {
        let api = try await API()
        let subject = Digest.of("subject".utf8)
        let json = try await api.image(
            "i", in: "a", more: #","subject":{"mediaType":"\#(MediaType.imageManifest)","digest":"\#(subject)","size":7}"#)
        let pushed = try await api.ask(.put, "/v2/a/manifests/\(Digest.of(json.utf8))?tag=one&tag=two&tag=one", body: json)
        #expect(pushed.status == 201)
        #expect(pushed.headers[values: .ociTag] == ["one", "two"])
        #expect(pushed.headers[.ociSubject] == subject.description)
        #expect(try await api.ask(.get, "/v2/a/manifests/two").body == json)
        let bad = try await api.ask(.put, "/v2/a/manifests/\(Digest.of(json.utf8))?tag=.x", body: json)
        #expect(bad.status == 400 && bad.error?.code == "TAG_INVALID")
        let many = (0..<1001).map { "tag=t\($0)" }.joined(separator: "&")
        #expect(try await api.ask(.put, "/v2/a/manifests/\(Digest.of(json.utf8))?\(many)", body: json).status == 414)
    }

    @Test(
        "a Content-Type that no manifest has is refused, whatever the body says",
        arguments: ["text/html", "application/json; charset=utf-8"])
    func contentType(type: String) async throws {
        let api = try await API()
        let answer = try await api.ask(.put, "/v2/a/manifests/v1", headers: [.contentType: type], body: api.image("i", in: "a"))
        #expect(answer.status == 400)
        #expect(answer.error?.code == "MANIFEST_INVALID")
    }

    @Test("a client that takes images only gets the linux/amd64 image of an index, by tag alone")
    func negotiation() async throws {
        let api = try await API()
        var entries: [String] = []
        var images: [String: String] = [:]
        for architecture in ["arm64", "amd64"] {
            let json = try await api.image(architecture, in: "a", mediaType: MediaType.dockerManifest)
            let digest = Digest.of(json.utf8)
            _ = try await api.ask(.put, "/v2/a/manifests/\(digest)", body: json)
            images[architecture] = json
            entries.append(
                #"{"mediaType":"\#(MediaType.dockerManifest)","digest":"\#(digest)","size":\#(json.utf8.count),"platform":{"os":"linux","architecture":"\#(architecture)"}}"#
            )
        }
        let index = #"{"schemaVersion":2,"mediaType":"\#(MediaType.dockerManifestList)","manifests":[\#(entries.joined(separator: ","))]}"#
        _ = try await api.ask(.put, "/v2/a/manifests/all", body: index)
        func pull(_ reference: String, _ accept: String?) async throws -> String {
            try await api.ask(.get, "/v2/a/manifests/\(reference)", headers: accept.map { [.accept: $0] } ?? [:]).body
        }
        #expect(try await pull("all", nil) == index)
        #expect(try await pull("all", "\(MediaType.dockerManifest), \(MediaType.dockerManifestList)") == index)
        #expect(try await pull("all", "\(MediaType.dockerManifest);q=0.5, */*;q=0.1") == index)
        #expect(try await pull("all", "text/plain") == index)
        #expect(try await pull("all", MediaType.imageManifest) == index)
        #expect(try await pull("all", MediaType.dockerManifest) == images["amd64"])
        #expect(try await pull(Digest.of(index.utf8).description, MediaType.dockerManifest) == index)
    }

    @Test("a manifest of more than 4 MiB is 413 with the limit")
    func tooLarge() async throws {
        let api = try await API()
        let large = String(repeating: " ", count: Manifest.maximumSize + 1)
        for headers in [[:], [.contentLength: "1"]] as [HTTPFields] {
            let answer = try await api.ask(.put, "/v2/a/manifests/v1", headers: headers, body: large)
            #expect(answer.status == 413)
            #expect(answer.error?.code == "MANIFEST_INVALID")
            #expect(answer.error?.message.contains("4194304") == true)
        }
    }

    @Test(
        "a reference that is malformed is unknown to who looks and refused to who pushes",
        arguments: [(".x", "MANIFEST_UNKNOWN", "TAG_INVALID"), ("sha256:x", "DIGEST_INVALID", "DIGEST_INVALID")])
    func malformed(reference: String, reading: String, writing: String) async throws {
        let api = try await API()
        #expect(try await api.ask(.get, "/v2/a/manifests/\(reference)").error?.code == reading)
        #expect(try await api.ask(.put, "/v2/a/manifests/\(reference)", body: "{}").error?.code == writing)
    }

    @Test("what is no endpoint is 404, and a method that an endpoint lacks 405 with those it has")
    func routing() async throws {
        let api = try await API()
        #expect(try await api.ask(.get, "/v2/").body == "{}")
        #expect(try await api.ask(.get, "/v2/a/unknown").error?.code == "UNSUPPORTED")
        let answer = try await api.ask(.post, "/v2/a/manifests/v1")
        #expect(answer.status == 405)
        #expect(answer.error?.code == "UNSUPPORTED")
        #expect(answer.headers[.allow] == "GET, HEAD, PUT, DELETE, OPTIONS")
        #expect(api.responder.options("/a/blobs/uploads/").headers[.allow] == "POST, OPTIONS")
        #expect(api.responder.options("/a/unknown").status == .notFound)
    }
}
