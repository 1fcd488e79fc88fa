import CoveOCI
import HTTPTypes
import Testing

@testable import CoveServer

@Suite("API: lists")
struct ListingResponderTests {
    /// A repository with tags a to e, and two more repositories.
    private func api(_ options: OCIResponder.Options = .init()) async throws -> API {
        let api = try await API(options)
        let json = try await api.image("i", in: "team/app")
        for tag in ["c", "a", "e", "B", "d"] { _ = try await api.ask(.put, "/v2/team/app/manifests/\(tag)", body: json) }
        for name in ["alpine", "zoo"] { _ = try await api.push("x", to: name) }
        return api
    }

    @Test(
        "a page of tags says where the next one begins",
        arguments: [
            ("", ["B", "a", "c", "d", "e"], nil), ("?n=2", ["B", "a"], "n=2&last=a"), ("?n=2&last=a", ["c", "d"], "n=2&last=d"),
            ("?n=2&last=d", ["e"], nil), ("?n=5", ["B", "a", "c", "d", "e"], nil), ("?n=0", [], nil), ("?last=b", ["c", "d", "e"], nil),
            ("?n=99999999999", ["B", "a", "c", "d", "e"], nil), ("?last=zzz", [], nil),
        ] as [(String, [String], String?)])
    func tags(query: String, tags: [String], next: String?) async throws {
        let answer = try await api().ask(.get, "/v2/team/app/tags/list\(query)")
        #expect(answer.status == 200)
        #expect(answer.body == #"{"name":"team/app","tags":[\#(tags.map { "\"\($0)\"" }.joined(separator: ","))]}"#)
        #expect(answer.headers[.link] == next.map { "</v2/team/app/tags/list?\($0)>; rel=\"next\"" })
    }

    @Test("the catalog is paged, by its largest page when nothing is asked")
    func catalog() async throws {
        let api = try await api(.init(catalogPage: 2))
        let first = try await api.ask(.get, "/v2/_catalog")
        #expect(first.body == #"{"repositories":["alpine","team/app"]}"#)
        #expect(first.headers[.link] == "</v2/_catalog?n=2&last=team%2Fapp>; rel=\"next\"")
        let second = try await api.ask(.get, "/v2/_catalog?n=2&last=team%2Fapp")
        #expect(second.body == #"{"repositories":["zoo"]}"#)
        #expect(second.headers[.link] == nil)
        #expect(try await api.ask(.get, "/v2/_catalog?n=100").body == first.body)
    }

    @Test("a page's length must be a number of 0 or more", arguments: ["x", "-1", "1.5", "", "99999999999999999999"])
    func badLength(n: String) async throws {
        for path in ["/v2/team/app/tags/list", "/v2/_catalog", "/v2/team/app/referrers/\(Digest.of([]))"] {
            let answer = try await api().ask(.get, "\(path)?n=\(n)")
            #expect(answer.status == 400)
            #expect(answer.error?.code == "PAGINATION_NUMBER_INVALID")
        }
    }

    @Test("the tags of a repository that is not there are 404")
    func unknown() async throws {
        #expect(try await api().ask(.get, "/v2/absent/tags/list").error?.code == "NAME_UNKNOWN")
    }

    @Test("referrers are an index, filtered and paged")
    func referrers() async throws {
        let api = try await API()
        let subject = Digest.of("subject".utf8)
        let path = "/v2/a/referrers/\(subject)"
        var digests: [String] = []
        for number in 0..<3 {
            let json = try await api.image(
                "\(number)", in: "a",
                more: #","artifactType":"t/x+y","subject":{"mediaType":"\#(MediaType.imageManifest)","digest":"\#(subject)","size":7}"#)
            digests.append(Digest.of(json.utf8).description)
            _ = try await api.ask(.put, "/v2/a/manifests/t\(number)", body: json)
        }
        digests.sort()
        let all = try await api.ask(.get, path)
        #expect(all.status == 200)
        #expect(all.headers[.contentType] == MediaType.imageIndex)
        #expect(all.headers[.ociFiltersApplied] == nil)
        let index = try Manifest(parsing: .init(all.body.utf8), contentType: MediaType.imageIndex)
        #expect(index.manifests.map(\.digest.description) == digests)
        #expect(index.manifests.allSatisfy { $0.artifactType == "t/x+y" && $0.annotations?["n"] != nil })
        let page = try await api.ask(.get, "\(path)?artifactType=t%2Fx%2By&n=2")
        #expect(page.headers[.ociFiltersApplied] == "artifactType")
        let last = digests[1].replacing(":", with: "%3A")
        #expect(
            page.headers[.link]
                == "<\(path)?n=2&last=\(last)&artifactType=t%2Fx%2By>; rel=\"next\"")
        let rest = try await api.ask(.get, "\(path)?n=2&last=\(last)&artifactType=t%2Fx%2By")
        #expect(try Manifest(parsing: .init(rest.body.utf8), contentType: nil).manifests.map(\.digest.description) == [digests[2]])
        #expect(rest.headers[.link] == nil)
        let none = try await api.ask(.get, "\(path)?artifactType=none")
        #expect(none.body == #"{"manifests":[],"mediaType":"\#(MediaType.imageIndex)","schemaVersion":2}"#)
        #expect(try await api.ask(.get, "\(path)?last=x").error?.code == "DIGEST_INVALID")
        #expect(try await api.ask(.get, "/v2/a/referrers/x").error?.code == "DIGEST_INVALID")
        #expect(try await api.ask(.get, "/v2/absent/referrers/\(subject)").status == 200)
    }
}
