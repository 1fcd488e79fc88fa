import CoveOCI

/// A project with limits, as a transaction that has locked it sees it.
final class ProjectAccount {
    let projectID: Int64
    let limit: ProjectLimit
    let before: ProjectUsage
    /// Whether the limits refuse anything; usage is kept account of in any case.
    let isEnforced: Bool
    private(set) var change = ProjectUsage()
    /// Whether what is used is counted anew at the end, as so much changes that following it would be slower.
    var mustRecount = false

    init(projectID: Int64, limit: ProjectLimit, used: ProjectUsage, isEnforced: Bool) {
        self.projectID = projectID
        self.limit = limit
        self.isEnforced = isEnforced
        before = used
    }

    /// - Throws: ``QuotaExceeded`` when what is added is more than is left, unless `forced`.
    func add(storage: Int64, forced: Bool) throws {
        let used = before.storage + change.storage
        if isEnforced, !forced, !mustRecount, limit.storage >= 0, storage > 0, storage > limit.storage - used {
            throw QuotaExceeded(.storage, adding: storage, to: used, of: limit.storage)
        }
        change.storage += storage
    }

    /// As ``add(storage:forced:)``.
    func add(tags: Int64, forced: Bool) throws {
        let used = before.tags + change.tags
        if isEnforced, !forced, !mustRecount, limit.tags >= 0, tags > 0, tags > limit.tags - used {
            throw QuotaExceeded(.tag, adding: tags, to: used, of: limit.tags)
        }
        change.tags += tags
    }
}

/// Keeps what is used of projects' quotas, in the transaction that changes it. Only projects with limits are kept account of:
/// pushes into others are told by the repository's row, which they lock anyway.
extension MetadataTransaction {
    /// From here on neither quotas nor immutable tags refuse anything: for what nobody asked for, such as the upkeep, an
    /// import, and content of upstreams. It is charged all the same.
    package func overrideRules() { notes.overridesRules = true }

    /// Called with what was read with a repository's lock. The project's row is locked after it, and before any blob's.
    func openAccount(of repositoryID: Int64, project projectID: Int64, isLimited: Bool) throws {
        guard isLimited else {
            notes.accounts[repositoryID] = .some(nil)
            return
        }
        if let open = notes.accounts.values.lazy.compactMap({ $0 }).first(where: { $0.projectID == projectID }) {
            notes.accounts[repositoryID] = open
            return
        }
        // The setting is read with the row, so that a change of it acts on every node with its commit.
        let row = try connection.row(
            """
            SELECT storage, tags, used_storage, used_tags, (SELECT value FROM setting WHERE name = $1)
            FROM project_limit WHERE project_id = $2\(connection.dialect.lockingRow)
            """, [.text(Self.quotaSetting), .integer(projectID)])
        guard let row else { throw MetadataError.corrupt("project \(projectID) has limits that are not there") }
        notes.accounts[repositoryID] = ProjectAccount(
            projectID: projectID, limit: ProjectLimit(storage: try row.integer(0), tags: try row.integer(1)),
            used: ProjectUsage(storage: try row.integer(2), tags: try row.integer(3)), isEnforced: try row.optionalText(4) != "false")
    }

    /// Says whether limits refuse anything: they do, unless it is `false`.
    package static let quotaSetting = "quota_per_project_enable"

    /// The account of a repository's project; nil when the project has no limits.
    func account(of repositoryID: Int64) throws -> ProjectAccount? {
        if let known = notes.accounts[repositoryID] { return known }
        let row = try connection.row(
            "SELECT project_id, is_limited FROM repository WHERE id = $1\(connection.dialect.lockingRow)", [.integer(repositoryID)])
        guard let row else { return nil }
        try openAccount(of: repositoryID, project: try row.integer(0), isLimited: try row.integer(1) != 0)
        return notes.accounts[repositoryID] ?? nil
    }

    /// Writes down what the transaction has changed of what is used.
    func settleAccounts() throws {
        var settled: Set<Int64> = []
        for account in notes.accounts.values.compactMap({ $0 }) where settled.insert(account.projectID).inserted {
            if account.mustRecount {
                try recountUsage(of: account.projectID)
            } else if account.change != ProjectUsage() {
                try connection.perform(
                    "UPDATE project_limit SET used_storage = used_storage + $1, used_tags = used_tags + $2 WHERE project_id = $3",
                    [.integer(account.change.storage), .integer(account.change.tags), .integer(account.projectID)])
            }
        }
    }

    /// Says that a transaction changes what a repository holds in ways that are not followed: it is counted when it ends.
    package func recountAtEnd(_ repositoryID: Int64) throws { try account(of: repositoryID)?.mustRecount = true }

    // MARK: - What is charged

    /// Called before a repository comes to hold a blob.
    func chargeBlob(_ blobID: Int64, in repositoryID: Int64) throws {
        guard let account = try account(of: repositoryID) else { return }
        let row = try connection.row(
            "SELECT b.size, \(Self.isCounted("$1")) FROM blob b WHERE b.id = $2", [.integer(account.projectID), .integer(blobID)])
        guard let row, try row.integer(1) == 0 else { return }
        try account.add(storage: try row.integer(0), forced: notes.overridesRules)
    }

    /// Called before a repository lets go of a blob.
    func creditBlob(_ blobID: Int64, in repositoryID: Int64) throws {
        guard let account = try account(of: repositoryID) else { return }
        let row = try connection.row(
            """
            SELECT b.size, \(Self.isCounted("$1", except: "$2")) FROM blob b JOIN repository_blob h ON h.blob_id = b.id
            WHERE b.id = $3 AND h.repository_id = $2 AND h.created_at > 0
            """, [.integer(account.projectID), .integer(repositoryID), .integer(blobID)])
        guard let row, try row.integer(1) == 0 else { return }
        try account.add(storage: -(try row.integer(0)), forced: true)
    }

    /// Called when a manifest has come, or before it goes.
    func chargeManifest(_ digest: SQLValue, size: Int64, in repositoryID: Int64, isGoing: Bool = false) throws {
        guard let account = try account(of: repositoryID) else { return }
        let elsewhere = try connection.row(
            """
            SELECT 1 FROM repository r JOIN manifest m ON m.repository_id = r.id AND m.digest = $1
            WHERE r.project_id = $2 AND r.id <> $3 LIMIT 1
            """, [digest, .integer(account.projectID), .integer(repositoryID)])
        if elsewhere == nil { try account.add(storage: isGoing ? -size : size, forced: notes.overridesRules) }
    }

    /// - Parameter count: negative for tags that go.
    func chargeTags(_ count: Int, in repositoryID: Int64) throws {
        guard count != 0 else { return }
        try account(of: repositoryID)?.add(tags: Int64(count), forced: notes.overridesRules)
    }

    /// Whether a blob `b` counts for a project: 1 or 0.
    private static func isCounted(_ project: String, except repository: String? = nil) -> String {
        """
        CASE WHEN EXISTS (
            SELECT 1 FROM repository_blob rb JOIN repository r ON r.id = rb.repository_id
            WHERE rb.blob_id = b.id AND rb.created_at > 0 AND r.project_id = \(project)\(repository.map { " AND r.id <> \($0)" } ?? ""))
        THEN 1 ELSE 0 END
        """
    }

    // MARK: - Blobs that no manifest needs

    /// Says of the blobs of a manifest that is about to go that it needs them no longer: unless others of the repository do,
    /// they may be collected at once, as opposed to those whose manifest is still to come, and count for no quota.
    func releaseBlobs(of manifestID: Int64, in repositoryID: Int64) throws {
        try release(
            SQLFragment(
                """
                SELECT b.id FROM manifest_reference mr JOIN blob b ON b.digest = mr.digest AND b.state = 0
                JOIN repository_blob h ON h.blob_id = b.id AND h.repository_id = ? AND h.created_at > 0
                WHERE mr.manifest_id = ? AND NOT EXISTS (
                    SELECT 1 FROM manifest_reference o JOIN manifest m ON m.id = o.manifest_id
                    WHERE o.digest = mr.digest AND m.repository_id = ? AND m.id <> ?)
                """, [.integer(repositoryID), .integer(manifestID), .integer(repositoryID), .integer(manifestID)]), in: repositoryID)
    }

    /// As ``releaseBlobs(of:in:)``, of a manifest that was refused: what was pushed for it alone.
    package func releaseBlobs(_ digests: [Digest], in repositoryID: Int64) throws {
        for digest in Set(digests) {
            try release(
                SQLFragment(
                    """
                    SELECT b.id FROM blob b
                    JOIN repository_blob h ON h.blob_id = b.id AND h.repository_id = ? AND h.created_at > 0
                    WHERE b.digest = ? AND b.state = 0 AND NOT EXISTS (
                        SELECT 1 FROM manifest_reference o JOIN manifest m ON m.id = o.manifest_id
                        WHERE o.digest = b.digest AND m.repository_id = ?)
                    """, [.integer(repositoryID), .bytes(digest.storageKey), .integer(repositoryID)]), in: repositoryID)
        }
    }

    /// - Parameter blobs: a query for ids of blobs that the repository holds.
    private func release(_ blobs: SQLFragment, in repositoryID: Int64) throws {
        guard try account(of: repositoryID) != nil else {
            let start = SQLFragment(
                "UPDATE repository_blob SET created_at = 0 WHERE repository_id = ? AND blob_id IN (", [.integer(repositoryID)])
            let (sql, parameters) = (start + blobs + SQLFragment(")")).numbered
            return try connection.perform(sql, parameters)
        }
        for id in Set(try connection.rows(blobs).map { try $0.integer(0) }).sorted() {
            try creditBlob(id, in: repositoryID)
            try connection.perform(
                "UPDATE repository_blob SET created_at = 0 WHERE repository_id = $1 AND blob_id = $2",
                [.integer(repositoryID), .integer(id)])
        }
    }

    /// Takes back ``releaseBlobs(of:in:)`` for blobs that a manifest needs which has just come.
    package func reclaimBlobs(_ digests: [Digest], in repositoryID: Int64) throws {
        for batch in Batch.lists(of: digests) {
            let released = try connection.rows(
                """
                SELECT b.id FROM blob b JOIN repository_blob rb ON rb.blob_id = b.id
                WHERE rb.repository_id = $1 AND rb.created_at = 0 AND b.state = 0 AND b.digest IN (\(batch.parameters(from: 2)))
                """, [.integer(repositoryID)] + batch.items.map { .bytes($0.storageKey) })
            for row in released { try link(try row.integer(0), to: repositoryID) }
        }
    }
}
