import HTTPTypes
import TestSupport
import Testing

@testable import CoveServer

@Suite("OCIRoute")
struct OCIRouteTests {
    @Test(
        "a path names its endpoint",
        arguments: [
            ("", .base), ("/", .base), ("/_catalog", .catalog), ("/a/tags/list", .tags(name: "a")),
            ("/a/b/c/manifests/v1", .manifest(name: "a/b/c", reference: "v1")),
            ("/a/manifests/sha256:0", .manifest(name: "a", reference: "sha256:0")),
            ("/a/blobs/sha256:0", .blob(name: "a", digest: "sha256:0")),
            ("/a/blobs/uploads", .uploads(name: "a")), ("/a/blobs/uploads/", .uploads(name: "a")),
            ("/a/blobs/uploads/id", .upload(name: "a", id: "id")), ("/a/referrers/sha256:0", .referrers(name: "a", digest: "sha256:0")),
            ("/a/manifests/", .manifest(name: "a", reference: "")),
        ] as [(String, OCIRoute)])
    func endpoints(path: String, expected: OCIRoute) {
        #expect(OCIRoute(path: path) == expected)
    }

    @Test(
        "repositories may be called as endpoints are",
        arguments: [
            ("/blobs/tags/list", .tags(name: "blobs")), ("/tags/tags/list", .tags(name: "tags")),
            ("/tags/list/tags/list", .tags(name: "tags/list")),
            ("/manifests/manifests/manifests", .manifest(name: "manifests", reference: "manifests")),
            ("/blobs/blobs/uploads/", .uploads(name: "blobs")), ("/a/blobs/uploads/blobs/uploads/", .uploads(name: "a/blobs/uploads")),
            ("/a/blobs/uploads/tags/list", .tags(name: "a/blobs/uploads")),
            ("/a/blobs/uploads/manifests/v1", .manifest(name: "a/blobs/uploads", reference: "v1")),
            ("/uploads/blobs/sha256:0", .blob(name: "uploads", digest: "sha256:0")),
            ("/blobs/uploads/blobs/uploads/x", .upload(name: "blobs/uploads", id: "x")),
            ("/referrers/referrers/sha256:0", .referrers(name: "referrers", digest: "sha256:0")),
        ] as [(String, OCIRoute)])
    func namesLikeEndpoints(path: String, expected: OCIRoute) {
        #expect(OCIRoute(path: path) == expected)
    }

    @Test(
        "what is no endpoint is none, trailing slashes included",
        arguments: [
            "a/tags/list", "//", "/a", "/a/", "/a/tags", "/a/tags/", "/a/tags/list/", "/a/tags/other", "/tags/list", "/manifests/v1",
            "/blobs/uploads/", "/_catalog/", "/a/_catalog", "/a/manifests/v1/", "/a/blobs/sha256:0/", "/a/blobs/uploads/id/",
            "/a/manifests",
        ])
    func nothing(path: String) {
        #expect(OCIRoute(path: path) == nil)
    }

    @Test("percent-encoding is decoded once")
    func percent() {
        #expect(OCIRoute(path: "/team%2Fapp/tags/list") == .tags(name: "team/app"))
        #expect(OCIRoute(path: "/a/manifests/sha256%3A0") == .manifest(name: "a", reference: "sha256:0"))
        #expect(OCIRoute(path: "/a/manifests/%252F") == .manifest(name: "a", reference: "%2F"))
        #expect(OCIRoute(path: "/a/manifests/%zz") == .manifest(name: "a", reference: "%zz"))
        #expect(OCIRoute(path: "/a/manifests/+") == .manifest(name: "a", reference: "+"))
    }

    @Test("any repository's endpoint is found again from its path", arguments: 0..<4)
    func property(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let words = ["a", "blobs", "uploads", "tags", "list", "manifests", "referrers", "_catalog", "v2"]
        for _ in 0..<500 {
            let name = (0..<Int.random(in: 1...4, using: &random)).compactMap { _ in words.randomElement(using: &random) }.joined(
                separator: "/")
            let last = words.randomElement(using: &random) ?? ""
            let digest = "sha256:0"
            for (path, route) in [
                ("/\(name)/tags/list", .tags(name: name)), ("/\(name)/manifests/\(last)", .manifest(name: name, reference: last)),
                ("/\(name)/blobs/\(digest)", .blob(name: name, digest: digest)), ("/\(name)/blobs/uploads/", .uploads(name: name)),
                ("/\(name)/blobs/uploads/\(last)", .upload(name: name, id: last)),
                ("/\(name)/referrers/\(digest)", .referrers(name: name, digest: digest)),
            ] as [(String, OCIRoute)] {
                #expect(OCIRoute(path: path) == route, "\(path)")
                #expect(OCIRoute(path: path)?.repository == name)
            }
        }
    }

    @Test("each endpoint knows its methods, and reading is always among those of content")
    func methods() {
        #expect(OCIRoute.base.methods == [.get, .head])
        #expect(OCIRoute.manifest(name: "a", reference: "b").methods == [.get, .head, .put, .delete])
        #expect(OCIRoute.blob(name: "a", digest: "b").methods == [.get, .head, .delete])
        #expect(OCIRoute.uploads(name: "a").methods == [.post])
        #expect(OCIRoute.upload(name: "a", id: "b").methods == [.get, .head, .patch, .put, .delete])
        #expect(OCIRoute.catalog.repository == nil)
    }
}
