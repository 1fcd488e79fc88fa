import Foundation
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveOCI

@Suite("Queries: lists of artifacts")
struct ArtifactListTests {
    /// A store with one repository, and what tests do in it.
    private struct Place {
        let store: MetadataStore
        let name: RepositoryName

        init(_ name: String = "team/app") async throws {
            store = try await StoreFixture.make()
            self.name = try RepositoryName(parsing: name)
            try await store.write { [self] in _ = try $0.ensureRepository(self.name) }
        }

        func change<T: Sendable>(_ body: @escaping @Sendable (MetadataTransaction, Int64) throws -> T) async throws -> T {
            try await store.write { [name] in try body($0, $0.ensureRepository(name)) }
        }

        /// Pushes an image, or an index of `children`.
        @discardableResult
        func push(
            _ content: String, tag: String? = nil, children: [Digest] = [], subject: Digest? = nil,
            config: String = "application/vnd.oci.image.config.v1+json", artifactType: String? = nil, layer: Int64 = 100
        ) async throws -> Digest {
            let payload = Data(content.utf8)
            let digest = Digest.of(payload)
            func descriptor(_ type: String, _ digest: Digest, _ size: Int64) -> Descriptor {
                Descriptor(mediaType: type, digest: digest, size: size)
            }
            let entries = children.map { descriptor(MediaType.imageManifest, $0, 1) }
            let configuration = descriptor(config, StoreFixture.digest("config"), 10)
            let manifest = Manifest(
                mediaType: entries.isEmpty ? MediaType.imageManifest : MediaType.imageIndex, kind: entries.isEmpty ? .image : .index,
                artifactType: artifactType, config: entries.isEmpty ? configuration : nil, layers: [], manifests: entries,
                subject: subject.map { descriptor(MediaType.imageManifest, $0, 1) })
            let references =
                entries.isEmpty
                ? [
                    ManifestReference(role: .config, descriptor: configuration),
                    ManifestReference(role: .layer, descriptor: descriptor("layer", StoreFixture.digest("layer"), layer)),
                ] : entries.map { ManifestReference(role: .child, descriptor: $0) }
            try await change { store, repository in
                let (id, _) = try store.insertManifest(
                    manifest, digest: digest, payload: payload, references: references, in: repository, actor: nil)
                if let tag { try store.setTag(Tag(parsing: tag), to: id, digest: digest, in: repository, actor: nil) }
            }
            return digest
        }

        func delete(_ digest: Digest) async throws {
            try await change { _ = try $0.deleteManifest(digest, in: $1, actor: nil) }
        }

        func untag(_ tag: String) async throws {
            try await change { _ = try $0.deleteTag(Tag(parsing: tag), in: $1, actor: nil) }
        }

        func listed(_ q: String = "", sort: String = "", page: Int = 1, size: Int = 100) async throws -> [Digest] {
            var query = ListQuery()
            if !q.isEmpty { try query.filter(q) }
            if !sort.isEmpty { try query.sort(sort) }
            (query.page, query.pageSize) = (page, size)
            let (artifacts, total) = try await store.read { [name, query] store in
                try store.artifacts(of: .repository(store.repositoryID(name) ?? 0), query)
            }
            if page == 1, artifacts.count < size { #expect(total == Int64(artifacts.count)) }
            // What is counted on the way must always be what there is.
            let counts = try await store.rows(
                """
                SELECT r.artifact_count, (SELECT COUNT(*) FROM artifact a WHERE a.repository_id = r.id AND a.is_listed = 1)
                FROM repository r
                """)
            #expect(counts.allSatisfy { $0[0] == $0[1] })
            return artifacts.map(\.digest)
        }

        func size(_ digest: Digest) async throws -> Int64? {
            try await store.read { [name] store in try store.artifact(.digest(digest), in: store.repositoryID(name) ?? 0)?.size }
        }
    }

    @Test("the last pushed is first, whether it has a tag or not")
    func order() async throws {
        let place = try await Place()
        let one = try await place.push("1", tag: "a")
        let two = try await place.push("2")
        let three = try await place.push("3", tag: "b")
        #expect(try await place.listed() == [three, two, one])
        #expect(try await place.listed(sort: "push_time") == [one, two, three])
        #expect(try await place.listed(page: 2, size: 2) == [one])
        #expect(try await place.listed(sort: "push_time", page: 2, size: 2) == [three])
        #expect(try await place.listed(page: 3, size: 2).isEmpty)
    }

    @Test("an index's entries are not artifacts of their own, unless they have a tag")
    func entries() async throws {
        let place = try await Place()
        let amd = try await place.push("amd")
        let arm = try await place.push("arm", tag: "arm")
        let index = try await place.push("index", tag: "latest", children: [amd, arm])
        #expect(try await place.listed() == [index, arm])
        try await place.untag("arm")
        #expect(try await place.listed() == [index])
        try await place.push("amd", tag: "amd")
        #expect(try await place.listed() == [index, amd])
        // The tag goes elsewhere.
        let other = try await place.push("other", tag: "amd")
        #expect(try await place.listed() == [other, index])
        try await place.delete(index)
        #expect(try await place.listed() == [other, arm, amd])
    }

    @Test("an entry of two indexes is one's as long as either is there; one that comes after its index is its entry")
    func shared() async throws {
        let place = try await Place()
        let late = StoreFixture.digest("late")
        let index = try await place.push("index", children: [late])
        let second = try await place.push("second", children: [late])
        #expect(try await place.push("late") == late)
        #expect(try await place.listed() == [second, index])
        try await place.delete(index)
        #expect(try await place.listed() == [second])
        try await place.delete(second)
        #expect(try await place.listed() == [late])
    }

    @Test("referrers, and cosign's signatures under a tag, are accessories and no artifacts")
    func accessories() async throws {
        let place = try await Place()
        let image = try await place.push("image", tag: "v1")
        let sbom = try await place.push("sbom", subject: image, artifactType: "application/vnd.goharbor.harbor.sbom.v1")
        let signature = try await place.push("signature", tag: "sha256-\(image.hex).sig")
        let stray = try await place.push("stray", tag: "sha256-\(StoreFixture.digest("nothing").hex).sig")
        #expect(try await place.listed() == [stray, image])
        let found = try await place.change { store, repository in try store.accessories(of: [image], in: repository)[image] ?? [] }
        #expect(found.map(\.digest) == [signature, sbom] && found.map(\.type) == ["signature.cosign", "sbom.harbor"])
        let page = try await place.change { try $0.accessoryList(of: image, in: $1, ListQuery()) }
        #expect(page.total == 2 && page.accessories == found)
    }

    @Test("an image is as large as manifest, config and layers; an index as its entries, also those that come later")
    func sizes() async throws {
        let place = try await Place()
        let one = try await place.push("one", layer: 1000)
        let late = StoreFixture.digest("late")
        let index = try await place.push("index", children: [one, late])
        #expect(try await place.size(one) == 3 + 10 + 1000)
        #expect(try await place.size(index) == 1013)
        try await place.push("late", layer: 500)
        #expect(try await place.size(index) == 1013 + 514)
        try await place.delete(late)
        #expect(try await place.size(index) == 1013)
    }

    @Test("q finds by tag, type, label, digest and time")
    func filters() async throws {
        let place = try await Place()
        let image = try await place.push("image", tag: "v1")
        let chart = try await place.push("chart", tag: "v2", config: "application/vnd.cncf.helm.config.v1+json")
        let bare = try await place.push("bare", config: "application/vnd.acme.thing.config.v1+json")
        let (one, two) = try await place.change { store, repository in
            let (one, two) = (
                try #require(try store.insertLabel("one", description: "", color: "", projectID: nil)),
                try #require(try store.insertLabel("two", description: "", color: "", projectID: nil))
            )
            #expect(try store.insertLabel("two", description: "", color: "", projectID: nil) == nil)
            let first = try #require(try store.artifact(.digest(image), in: repository)).id
            let second = try #require(try store.artifact(.digest(chart), in: repository)).id
            for (label, artifact) in [(one, first), (two, first), (two, second)] {
                #expect(try store.addLabel(label, to: artifact))
            }
            #expect(try !store.addLabel(two, to: second))
            return (one, two)
        }
        #expect(try await place.listed("tags=v1") == [image])
        #expect(try await place.listed("tags=~V") == [chart, image])
        #expect(try await place.listed("tags={v1 v2 v3}") == [chart, image])
        #expect(try await place.listed("tags=(v1 v2)").isEmpty)
        #expect(try await place.listed("tags=nil") == [bare])
        #expect(try await place.listed("tags=*") == [chart, image])
        #expect(try await place.listed("type=CHART") == [chart])
        #expect(try await place.listed("type=THING") == [bare])
        #expect(try await place.listed("media_type=application/vnd.cncf.helm.config.v1+json") == [chart])
        #expect(try await place.listed("labels=(\(one) \(two))") == [image])
        #expect(try await place.listed("labels={\(one) \(two)}") == [chart, image])
        #expect(try await place.listed("labels=\(two),type=CHART") == [chart])
        #expect(try await place.listed("digest=\(bare)") == [bare])
        #expect(try await place.listed("push_time=[~2020-01-01 00:00:00]").isEmpty)
        #expect(try await place.listed("push_time=[2020-01-01 00:00:00~]").count == 3)
        #expect(try await place.listed("type={IMAGE CHART}", sort: "type") == [chart, image])
        #expect(try await place.listed(sort: "-size,push_time") == [image, chart, bare])
        for q in ["nothing=1", "digest=x", "labels=a", "push_time=[x~]", "digest=~a"] {
            await #expect(throws: ListQueryError.self) { try await place.listed(q) }
        }
        await #expect(throws: ListQueryError.self) { try await place.listed(sort: "tags") }
    }

    @Test("a project's list has all of its repositories', or the last of each that is asked for")
    func project() async throws {
        let place = try await Place()
        try await place.push("1")
        let two = try await place.push("2")
        let three = try await place.push("3", config: "application/vnd.cncf.helm.config.v1+json")
        try await place.store.write { store in
            _ = try store.manifest("4", in: store.repository("team/other"))
            _ = try store.manifest("5", in: store.repository("elsewhere/app"))
        }
        let four = StoreFixture.digest("4")
        func list(_ q: String, _ latest: Bool) async throws -> (artifacts: [ArtifactRecord], total: Int64) {
            var query = ListQuery()
            try query.filter(q)
            return try await place.store.read { [query] store in
                let project = try #require(try store.project(named: "team"))
                return try store.artifacts(of: .project(project.id), latest: latest, query)
            }
        }
        let all = try await list("", false)
        #expect(all.total == 4 && all.artifacts.map(\.digest).prefix(2) == [four, three])
        let latest = try await list("media_type=application/vnd.oci.image.config.v1+json", true)
        #expect(latest.artifacts.map(\.digest) == [two] && latest.total == 1)
        #expect(try await list("repository_name=team/other", false).artifacts.map(\.digest) == [four])
    }

    @Test("what an import brings is on lists as what is pushed")
    func imported() async throws {
        let place = try await Place()
        let payload = Data(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":{"mediaType":"c","size":1,"digest":"\#(StoreFixture.digest("c"))"},"layers":[]}"#
                .utf8)
        let child = Digest.of(payload)
        let list = Data(
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageIndex)","manifests":[{"mediaType":"\#(MediaType.imageManifest)","size":\#(payload.count),"digest":"\#(child)"}]}"#
                .utf8)
        let index = Digest.of(list)
        try await place.change { store, repository in
            let found = try [(list, index, 20), (payload, child, 10)].map { payload, digest, at in
                let manifest = try Manifest(parsing: payload, contentType: nil)
                return FoundManifest(
                    digest: digest, manifest: manifest, payload: payload,
                    references: manifest.manifests.map { ManifestReference(role: .child, descriptor: $0) }
                        + [manifest.config].compactMap { $0 }.map { ManifestReference(role: .config, descriptor: $0) }, createdAt: Int64(at)
                )
            }
            #expect(try store.importManifests(found, in: repository) == 2)
        }
        #expect(try await place.listed() == [index])
        #expect(try await place.size(index) == Int64(payload.count) + 1)
        try await place.change { store, repository in
            let tag = FoundTag(tag: try Tag(parsing: "arm"), current: .init(digest: child, at: 10), earlier: [])
            _ = try store.importTags([tag], in: repository)
        }
        #expect(try await place.listed() == [index, child])
    }

    @Test("a store that is older than the lists is listed as one that is not")
    func backfill() async throws {
        let place = try await Place()
        let amd = try await place.push("amd")
        let index = try await place.push("index", tag: "latest", children: [amd])
        let image = try await place.push("image", tag: "v1", config: "application/vnd.acme.thing.config.v1+json")
        try await place.push("signature", tag: "sha256-\(image.hex).sig")
        try await place.push("sbom", subject: image)
        try await place.store.write {
            try $0.count([PullCount(repository: place.name, digest: image, tag: nil, count: 3)])
        }
        let rows = "SELECT manifest_id, subject, is_listed, type, media_type, size, pushed_at FROM artifact ORDER BY manifest_id"
        let sums = "SELECT artifact_count FROM repository"
        let pulls = "SELECT repository_id, count FROM repository_pull"
        let before = (try await place.store.rows(rows), try await place.store.rows(sums), try await place.store.rows(pulls))
        #expect(before.2 == [[.integer(1), .integer(3)]])
        try await place.store.write { store in
            for table in ["artifact", "repository_pull"] { _ = try store.connection.run("DELETE FROM \(table)", []) }
            _ = try store.connection.run("UPDATE repository SET artifact_count = 0", [])
            for statement in Schema.filled { _ = try store.connection.run(statement, []) }
        }
        while try await place.store.write({ try $0.classifyArtifacts(limit: 2) }) == 2 {}
        #expect(try await place.store.rows(rows) == before.0)
        #expect(try await place.store.rows(sums) == before.1)
        #expect(try await place.store.rows(pulls) == before.2)
        #expect(try await place.listed() == [image, index])
    }

    @Test("whatever is pushed, tagged, moved and deleted in whichever order, the lists are what they would be made anew", arguments: 0..<4)
    func anyOrder(seed: Int) async throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let place = try await Place()
        var known: [Digest] = []
        for step in 0..<60 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<3: known.append(try await place.push("image \(step)", tag: Bool.random(using: &random) ? "t\(step % 5)" : nil))
            case 3..<5 where known.count > 1:
                let children = (0..<3).compactMap { _ in known.randomElement(using: &random) }
                known.append(
                    try await place.push("index \(step)", tag: Bool.random(using: &random) ? "t\(step % 5)" : nil, children: children))
            case 5 where !known.isEmpty:
                known.append(try await place.push("referrer \(step)", subject: known.randomElement(using: &random)))
            case 6..<8 where !known.isEmpty:
                let digest = known[Int.random(in: 0..<known.count, using: &random)]
                try await place.change { store, repository in
                    guard let artifact = try store.artifact(.digest(digest), in: repository) else { return }
                    try store.setTag(Tag(parsing: "t\(step % 5)"), to: artifact.id, digest: digest, in: repository, actor: nil)
                }
            case 8: try await place.untag("t\(step % 5)")
            default: if let digest = known.randomElement(using: &random) { try await place.delete(digest) }
            }
        }
        let images = "SELECT manifest_id, is_listed FROM artifact ORDER BY manifest_id"
        let before = (try await place.store.rows(images), try await place.store.rows("SELECT artifact_count FROM repository"))
        try await place.store.write { store in
            for table in ["artifact", "repository_pull"] { _ = try store.connection.run("DELETE FROM \(table)", []) }
            for statement in Schema.filled { _ = try store.connection.run(statement, []) }
        }
        #expect(try await place.store.rows(images) == before.0)
        #expect(try await place.store.rows("SELECT artifact_count FROM repository") == before.1)
    }
}
