import CoveBlobs
import CoveOCI
import Foundation
import TestSupport
import Testing

@testable import CoveMetadata
@testable import CoveRegistry

/// Trees made by chance, imported and compared with what a reader says that knows nothing of the import.
@Suite("Import: properties")
struct ImportPropertyTests {
    /// What there is to be had of a tree.
    struct Contents: Equatable, Sendable {
        var manifests: Set<String> = []
        var tags: Set<String> = []
        var blobs: Set<String> = []
    }

    @Test("a tree is imported to exactly what a plain reader finds in it", arguments: 1...12)
    func matchesReader(seed: Int) async throws {
        let old = try Self.tree(UInt64(seed))
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        var options = DistributionImport.Options()
        options.batch = Int.random(in: 1...5)
        _ = try await DistributionImport(files: old.files, metadata: metadata, options: options).run()
        #expect(try await Self.stored(metadata) == Self.readPlainly(old))
    }

    @Test("an import that is interrupted anywhere and taken up again ends like one that was not", arguments: 1...3)
    func interrupted(seed: Int) async throws {
        let old = try Self.tree(UInt64(seed))
        let whole = try await MetadataStore.open(TestDatabase.engine())
        var options = DistributionImport.Options()
        options.batch = 2
        options.concurrency = 1
        let damage = Shared<Set<ImportFinding>>([])
        _ = try await DistributionImport(files: old.files, metadata: whole, options: options) { finding in
            if finding.kind.isDamage { damage.change { $0.insert(finding) } }
        }.run()
        let expected = try await Self.dump(whole)
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        var rounds = 0
        while true {
            // Each run gets a little further than the one before.
            rounds += 1
            let files = BreakingFiles(base: old.files, after: rounds * 3)
            let found = Shared<Set<ImportFinding>>([])
            do {
                _ = try await DistributionImport(files: files, metadata: metadata, options: options) { finding in
                    if finding.kind.isDamage { found.change { $0.insert(finding) } }
                }.run()
            } catch is BlobStorageError {
                #expect(try await metadata.read { try $0.importRecord(of: DistributionImport.source)?.finishedAt } == nil)
                continue
            }
            #expect(found.value == damage.value)
            break
        }
        #expect(rounds > 3)
        #expect(try await Self.dump(metadata) == expected)
        #expect(try await Self.stored(metadata) == Self.readPlainly(old))
    }

    // MARK: - A tree

    private static func tree(_ seed: UInt64) throws -> OldRegistry {
        var random = SeededGenerator(seed: seed)
        let old = try OldRegistry()
        let names = ["a", "a/b", "lib/x", "lib/x/y", "z"].filter { _ in Bool.random(using: &random) } + ["always"]
        for name in names {
            var images: [(Digest, String)] = []
            for number in 0..<Int.random(in: 0...5, using: &random) {
                let layers = (0..<Int.random(in: 0...3, using: &random)).map { _ in "layer \(Int.random(in: 0...9, using: &random))" }
                let json = try old.image("\(name) \(number)", layers: layers, in: name)
                images.append((try old.manifest(json, in: name), json))
            }
            for _ in 0..<Int.random(in: 0...2, using: &random) where !images.isEmpty {
                let children = images.filter { _ in Bool.random(using: &random) }
                let json = old.index(children)
                images.append((try old.manifest(json, in: name), json))
            }
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                guard let (digest, _) = images.randomElement(using: &random) else { break }
                let earlier = images.map(\.0).filter { $0 != digest && Int.random(in: 0..<4, using: &random) == 0 }
                try old.tag(
                    random.text(of: "abAB.-_9", length: 1...4).replacingOccurrences(of: "^[.-]", with: "x", options: .regularExpression),
                    digest, in: name, earlier: earlier)
            }
            if Bool.random(using: &random) { try old.layer("loose \(name)", in: name) }
        }
        if Bool.random(using: &random) { try old.store("nobody's") }
        try damage(old, &random)
        return old
    }

    /// Removes or spoils a few files.
    private static func damage(_ old: OldRegistry, _ random: inout SeededGenerator) throws {
        let files = old.directory.files(under: "docker").map { "docker/\($0)" }
        for _ in 0..<Int.random(in: 0...6, using: &random) {
            guard let file = files.randomElement(using: &random), FileManager.default.fileExists(atPath: old.directory.file(file)) else {
                continue
            }
            // An earlier place of a tag is but history.
            if file.contains("/index/") { continue }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: try old.remove(file)
            case 1: try old.write("spoiled", to: file)
            default: try old.write("", to: file)
            }
        }
    }

    // MARK: - What is in it

    /// Walks all files and believes only what is consistent.
    private static func readPlainly(_ old: OldRegistry) throws -> Contents {
        let root = old.directory.file("docker/registry/v2")
        let files = try FileManager.default.subpathsOfDirectory(atPath: root)
        func text(_ path: String) -> String? {
            FileManager.default.contents(atPath: "\(root)/\(path)").map { String(decoding: $0, as: UTF8.self) }
        }
        func data(_ digest: String) -> Data? {
            let parts = digest.split(separator: ":")
            return FileManager.default.contents(atPath: "\(root)/blobs/\(parts[0])/\(parts[1].prefix(2))/\(parts[1])/data")
        }
        func isWhole(_ digest: String) -> Bool { data(digest).map { Digest.of($0).description == digest } ?? false }
        var contents = Contents()
        // A layer whose size no manifest contradicts is believed without being hashed.
        var stated: [String: Set<Int>] = [:]
        var needed: [(name: String, digest: String)] = []
        for file in files {
            guard let match = file.wholeMatch(of: /repositories\/(.+)\/_manifests\/revisions\/(\w+)\/(\w+)\/link/) else { continue }
            let (name, digest) = (String(match.output.1), "\(match.output.2):\(match.output.3)")
            guard text(file) == digest, isWhole(digest), let payload = data(digest),
                let json = try? JSONSerialization.jsonObject(with: payload) as? [String: Any]
            else { continue }
            contents.manifests.insert("\(name)@\(digest)")
            for part in [json["config"]].compactMap({ $0 as? [String: Any] }) + (json["layers"] as? [[String: Any]] ?? []) {
                guard let layer = part["digest"] as? String, let size = part["size"] as? Int else { continue }
                stated[layer, default: []].insert(size)
                needed.append((name, layer))
            }
        }
        func isThere(_ digest: String) -> Bool {
            guard let bytes = data(digest) else { return false }
            return stated[digest].map { $0 == [bytes.count] || isWhole(digest) } ?? true
        }
        for file in files {
            if let match = file.wholeMatch(of: /repositories\/(.+)\/_manifests\/tags\/(.+)\/current\/link/), let digest = text(file),
                contents.manifests.contains("\(match.output.1)@\(digest)")
            {
                contents.tags.insert("\(match.output.1):\(match.output.2)=\(digest)")
            }
            if let match = file.wholeMatch(of: /repositories\/(.+)\/_layers\/(\w+)\/(\w+)\/link/) {
                let digest = "\(match.output.2):\(match.output.3)"
                if text(file) == digest, isThere(digest) { contents.blobs.insert("\(match.output.1)@\(digest)") }
            }
        }
        for (name, digest) in needed where isThere(digest) { contents.blobs.insert("\(name)@\(digest)") }
        return contents
    }

    private static func stored(_ metadata: MetadataStore) async throws -> Contents {
        func rows(_ sql: String) async throws -> Set<String> {
            try await metadata.read { store in
                Set(
                    try store.connection.rows(sql, []).map { row in
                        let digest = try #require(Digest(storageKey: try row.blob(1)))
                        return row.values.count == 3 ? "\(try row.text(0)):\(try row.text(2))=\(digest)" : "\(try row.text(0))@\(digest)"
                    })
            }
        }
        return Contents(
            manifests: try await rows("SELECT r.name, m.digest FROM manifest m JOIN repository r ON r.id = m.repository_id"),
            tags: try await rows(
                "SELECT r.name, m.digest, t.name FROM tag t JOIN manifest m ON m.id = t.manifest_id JOIN repository r ON r.id = t.repository_id"
            ),
            blobs: try await rows(
                "SELECT r.name, b.digest FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id JOIN repository r ON r.id = rb.repository_id"
            ))
    }

    /// All that an import writes, but for numbers of rows and the time of the run.
    private static func dump(_ metadata: MetadataStore) async throws -> [[String]] {
        try await metadata.read { store in
            try [
                "SELECT name FROM repository",
                "SELECT digest, size, location, state, created_at, unreferenced_since FROM blob",
                "SELECT r.name, b.digest, rb.created_at FROM repository_blob rb JOIN blob b ON b.id = rb.blob_id JOIN repository r ON r.id = rb.repository_id",
                "SELECT r.name, m.digest, m.media_type, m.artifact_type, m.subject, m.size, m.created_at, m.payload FROM manifest m JOIN repository r ON r.id = m.repository_id",
                "SELECT r.name, m.digest, mr.position, mr.role, mr.digest, mr.size FROM manifest_reference mr JOIN manifest m ON m.id = mr.manifest_id JOIN repository r ON r.id = m.repository_id",
                "SELECT r.name, t.name, m.digest, t.created_at, t.updated_at FROM tag t JOIN manifest m ON m.id = t.manifest_id JOIN repository r ON r.id = t.repository_id",
                "SELECT r.name, h.name, h.digest, h.at FROM tag_history h JOIN repository r ON r.id = h.repository_id",
                "SELECT r.name, i.digest FROM import_manifest i JOIN repository r ON r.id = i.repository_id",
            ].map { sql in try store.connection.rows(sql, []).map { "\($0.values)" }.sorted() }
        }
    }
}

/// Files that cannot be read any more after so many calls.
private struct BreakingFiles: RegistryFiles {
    let base: any RegistryFiles
    let left: Shared<Int>

    init(base: any RegistryFiles, after calls: Int) {
        self.base = base
        left = Shared(calls)
    }

    private func count() throws(BlobStorageError) {
        if left.change({ $0 -= 1 }) < 0 { throw .failed("gone") }
    }

    func list(_ directories: [String]) async throws(BlobStorageError) -> [Listing] {
        try count()
        return try await base.list(directories)
    }

    func read(_ paths: [String], limit: Int) async throws(BlobStorageError) -> [FileContent] {
        try count()
        return try await base.read(paths, limit: limit)
    }

    func measure(_ paths: [String]) async throws(BlobStorageError) -> [FileSize] {
        try count()
        return try await base.measure(paths)
    }

    func hash(_ files: [(path: String, algorithm: Digest.Algorithm)]) async throws(BlobStorageError) -> [FileHash] {
        try count()
        return try await base.hash(files)
    }
}
