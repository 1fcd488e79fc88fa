import CoveOCI
import Foundation

/// Which artifacts of a project are kept; the others go whenever it is run.
package struct RetentionPolicyRecord: Sendable, Equatable {
    package let id: Int64
    package let projectID: Int64
    package var rules: [TagRule]
    /// Six fields; empty for one that runs only when it is told to.
    package var cron: String
}

/// An artifact that retention decides on: one with tags, or without any that is neither an index's entry nor a referrer.
package struct RetentionCandidate: Sendable, Equatable {
    package let digest: Digest
    /// In byte order.
    package let tags: [String]
    /// When it was pushed last, under whichever tag; microseconds since 1970.
    package let pushedAt: Int64
    /// As ``pushedAt``; 0 for never.
    package let pulledAt: Int64

    package init(digest: Digest, tags: [String], pushedAt: Int64, pulledAt: Int64) {
        self.digest = digest
        self.tags = tags
        self.pushedAt = pushedAt
        self.pulledAt = pulledAt
    }
}

/// A manifest that was removed.
package struct DeletedManifest: Sendable, Equatable {
    package let digest: Digest
    package let mediaType: String
    /// Bytes.
    package let size: Int64
    package let tags: [Tag]
}

extension MetadataTransaction {
    private static let policyColumns = "id, project_id, rules, cron"

    package func retentionPolicy(_ id: Int64) throws -> RetentionPolicyRecord? {
        try connection.row("SELECT \(Self.policyColumns) FROM retention_policy WHERE id = $1", [.integer(id)]).map(Self.policy)
    }

    package func retentionPolicy(ofProject id: Int64) throws -> RetentionPolicyRecord? {
        try connection.row("SELECT \(Self.policyColumns) FROM retention_policy WHERE project_id = $1", [.integer(id)]).map(Self.policy)
    }

    private static func policy(_ row: SQLRow) throws -> RetentionPolicyRecord {
        RetentionPolicyRecord(
            id: try row.integer(0), projectID: try row.integer(1),
            rules: try JSONDecoder().decode([TagRule].self, from: Data(try row.text(2).utf8)), cron: try row.text(3))
    }

    /// Makes a project's policy, and says of it in the project's metadata (`retention_id`).
    ///
    /// - Returns: its row; nil when the project has one.
    package func insertRetentionPolicy(_ rules: [TagRule], cron: String, ofProject id: Int64) throws -> Int64? {
        let row = try connection.row(
            """
            INSERT INTO retention_policy (project_id, rules, cron, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
            ON CONFLICT (project_id) DO NOTHING RETURNING id
            """, [.integer(id), .text(try Self.json(rules)), .text(cron), .integer(now)])
        guard let policy = try row?.integer(0) else { return nil }
        try connection.perform(
            """
            INSERT INTO project_metadata (project_id, name, value) VALUES ($1, 'retention_id', $2)
            ON CONFLICT (project_id, name) DO UPDATE SET value = excluded.value
            """, [.integer(id), .text(String(policy))])
        return policy
    }

    package func updateRetentionPolicy(_ policy: RetentionPolicyRecord) throws {
        try connection.perform(
            "UPDATE retention_policy SET rules = $1, cron = $2, updated_at = $3 WHERE id = $4",
            [.text(try Self.json(policy.rules)), .text(policy.cron), .integer(now), .integer(policy.id)])
    }

    /// Removes a policy with its schedule and its history. A run that is at work finds itself gone, and ends.
    package func deleteRetentionPolicy(_ policy: RetentionPolicyRecord) throws {
        let vendor = JobVendor(JobVendor.retention, policy.id)
        try removeSchedule(of: vendor)
        try removeExecutions(of: vendor)
        try connection.perform("DELETE FROM retention_policy WHERE id = $1", [.integer(policy.id)])
        try connection.perform(
            "DELETE FROM project_metadata WHERE project_id = $1 AND name = 'retention_id'", [.integer(policy.projectID)])
    }

    private static func json(_ rules: [TagRule]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(rules), as: UTF8.self)
    }

    // MARK: - What it decides on

    /// Repositories of a project by name, after `last`, at most `limit`.
    package func repositories(ofProject id: Int64, after last: String, limit: Int) throws -> [RepositoryName] {
        try connection.rows(
            "SELECT name FROM repository WHERE project_id = $1 AND name > $2 ORDER BY name LIMIT $3",
            [.integer(id), .text(last), .integer(Int64(limit))]
        ).map { try RepositoryName(parsing: $0.text(0)) }
    }

    private static let candidates = """
        SELECT m.id, m.digest, m.created_at, COALESCE(p.last_at, 0) FROM manifest m
        LEFT JOIN manifest_pull p ON p.manifest_id = m.id
        """
    /// Beside those with tags, those that nothing else in the repository holds.
    private static let isCandidate = """
        (EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
            OR NOT EXISTS (
                SELECT 1 FROM manifest_reference mr JOIN manifest i ON i.id = mr.manifest_id
                WHERE mr.digest = m.digest AND mr.role = 'child' AND i.repository_id = m.repository_id)
            AND (m.subject IS NULL OR NOT EXISTS (
                SELECT 1 FROM manifest s WHERE s.repository_id = m.repository_id AND s.digest = m.subject)))
        """

    /// Candidates of a repository in the order of their rows.
    ///
    /// - Returns: at most `limit`, and the row after which to go on; nil after the last.
    package func retentionCandidates(
        in repositoryID: Int64, after last: Int64, limit: Int
    ) throws -> (page: [RetentionCandidate], next: Int64?) {
        let rows = try connection.rows(
            "\(Self.candidates) WHERE m.repository_id = $1 AND m.id > $2 AND \(Self.isCandidate) ORDER BY m.id LIMIT $3",
            [.integer(repositoryID), .integer(last), .integer(Int64(limit))])
        return (try candidates(rows), rows.count == limit ? try rows.last?.integer(0) : nil)
    }

    /// One candidate as it is now; nil when it is none any more.
    package func retentionCandidate(_ digest: Digest, in repositoryID: Int64) throws -> RetentionCandidate? {
        try candidates(
            connection.rows(
                "\(Self.candidates) WHERE m.repository_id = $1 AND m.digest = $2 AND \(Self.isCandidate)",
                [.integer(repositoryID), .bytes(digest.storageKey)])
        ).first
    }

    private func candidates(_ rows: [SQLRow]) throws -> [RetentionCandidate] {
        var tags: [Int64: [(name: String, pushedAt: Int64, pulledAt: Int64)]] = [:]
        for batch in Batch.lists(of: try rows.map { try $0.integer(0) }) {
            let found = try connection.rows(
                """
                SELECT t.manifest_id, t.name, t.updated_at, COALESCE(p.last_at, 0) FROM tag t
                LEFT JOIN tag_pull p ON p.repository_id = t.repository_id AND p.name = t.name
                WHERE t.manifest_id IN (\(batch.parameters(from: 1))) ORDER BY t.name
                """, batch.items.map { .integer($0) })
            for row in found {
                tags[try row.integer(0), default: []].append((try row.text(1), try row.integer(2), try row.integer(3)))
            }
        }
        return try rows.map { row in
            let own = tags[try row.integer(0)] ?? []
            return RetentionCandidate(
                digest: try digest(row, 1), tags: own.map(\.name),
                pushedAt: own.reduce(try row.integer(2)) { max($0, $1.pushedAt) },
                pulledAt: own.reduce(try row.integer(3)) { max($0, $1.pulledAt) })
        }
    }

    // MARK: - An artifact as a whole

    /// Removes a manifest with its tags, and what nothing else holds then: entries of an index and referrers, as long as no tag
    /// points at them.
    ///
    /// - Throws: ``ImmutableTag`` when a rule keeps one of its tags.
    /// - Returns: what was removed, it first; empty when it was not there.
    package func deleteArtifact(_ digest: Digest, in repositoryID: Int64, actor: String?) throws -> [DeletedManifest] {
        var deleted: [DeletedManifest] = []
        var waiting = [digest]
        while let next = waiting.popLast() {
            if !deleted.isEmpty, try !isLoose(next, in: repositoryID) { continue }
            let held = try connection.rows(
                """
                SELECT mr.digest FROM manifest m JOIN manifest_reference mr ON mr.manifest_id = m.id
                WHERE m.repository_id = $1 AND m.digest = $2 AND mr.role = 'child'
                UNION SELECT s.digest FROM manifest s WHERE s.repository_id = $1 AND s.subject = $2
                """, [.integer(repositoryID), .bytes(next.storageKey)]
            ).map { try self.digest($0, 0) }
            guard let gone = try deleteManifest(next, in: repositoryID, actor: actor) else { continue }
            deleted.append(DeletedManifest(digest: next, mediaType: gone.mediaType, size: gone.size, tags: gone.tags))
            waiting += held
        }
        return deleted
    }

    /// Whether a manifest is there that neither a tag nor an index nor a subject holds.
    private func isLoose(_ digest: Digest, in repositoryID: Int64) throws -> Bool {
        try connection.row(
            """
            SELECT 1 FROM manifest m WHERE m.repository_id = $1 AND m.digest = $2
            AND NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id) AND \(Self.isCandidate)
            """, [.integer(repositoryID), .bytes(digest.storageKey)]) != nil
    }
}
