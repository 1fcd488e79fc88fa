import CoveOCI

/// Pulls of a manifest, by a tag or by its digest, since they were counted last.
package struct PullCount: Sendable {
    package let repository: RepositoryName
    package let digest: Digest
    package let tag: Tag?
    package let count: Int

    package init(repository: RepositoryName, digest: Digest, tag: Tag?, count: Int) {
        self.repository = repository
        self.digest = digest
        self.tag = tag
        self.count = count
    }
}

extension MetadataTransaction {
    /// Adds to the statistics of manifests and of the tags they were pulled by. What is not there any more is left out.
    ///
    /// They have tables of their own, so that counting neither rewrites what is large nor waits for a push; and they are
    /// written in one order, so that nodes do not wait for each other crosswise.
    package func count(_ pulls: [PullCount]) throws {
        for (key, count) in Self.sums(pulls, { [$0.repository.description, $0.digest.description] }) {
            guard let first = key.first, let digest = try? Digest(parsing: key[1]) else { continue }
            try connection.perform(
                """
                INSERT INTO manifest_pull (manifest_id, count, last_at)
                SELECT m.id, $1, $2 FROM manifest m JOIN repository r ON r.id = m.repository_id
                WHERE r.name = $3 AND m.digest = $4
                ON CONFLICT (manifest_id) DO UPDATE
                SET count = manifest_pull.count + excluded.count, last_at = excluded.last_at
                """, [.integer(count), .integer(now), .text(first), .bytes(digest.storageKey)])
        }
        for (key, count) in Self.sums(pulls, { [$0.repository.description] }) {
            try connection.perform(
                """
                INSERT INTO repository_pull (repository_id, count, last_at)
                SELECT r.id, $1, $2 FROM repository r WHERE r.name = $3
                ON CONFLICT (repository_id) DO UPDATE
                SET count = repository_pull.count + excluded.count, last_at = excluded.last_at
                """, [.integer(count), .integer(now), .text(key[0])])
        }
        for (key, count) in Self.sums(pulls.filter { $0.tag != nil }, { [$0.repository.description, $0.tag?.description ?? ""] }) {
            try connection.perform(
                """
                INSERT INTO tag_pull (repository_id, name, count, last_at)
                SELECT t.repository_id, t.name, $1, $2 FROM tag t JOIN repository r ON r.id = t.repository_id
                WHERE r.name = $3 AND t.name = $4
                ON CONFLICT (repository_id, name) DO UPDATE
                SET count = tag_pull.count + excluded.count, last_at = excluded.last_at
                """, [.integer(count), .integer(now), .text(key[0]), .text(key[1])])
        }
    }

    private static func sums(_ pulls: [PullCount], _ key: (PullCount) -> [String]) -> [(key: [String], value: Int64)] {
        Dictionary(pulls.map { (key($0), Int64($0.count)) }, uniquingKeysWith: +)
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}
