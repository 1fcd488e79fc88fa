import CoveOCI

/// Whose artifacts a list has.
package enum ArtifactScope: Sendable {
    case repository(Int64)
    case project(Int64)

    var column: String {
        switch self {
        case .repository: "repository_id"
        case .project: "project_id"
        }
    }

    var id: Int64 {
        switch self {
        case .repository(let id), .project(let id): id
        }
    }
}

extension MetadataTransaction {
    /// A page of the artifacts that are on lists, the last pushed first.
    ///
    /// - Parameter latest: only the last pushed in each repository, of the same media type or artifact type; it takes effect only
    ///   where `q` asks for one of these.
    /// - Throws: ``ListQueryError``.
    package func artifacts(
        of scope: ArtifactScope, latest: Bool = false, _ query: ListQuery
    ) throws -> (artifacts: [ArtifactRecord], total: Int64) {
        if let page = try plainPage(of: scope, query) { return (try artifacts(page.ids), page.total) }
        var which = [SQLFragment("a.is_listed = 1"), SQLFragment("a.\(scope.column) = ?", [.integer(scope.id)])]
        if latest {
            let keys = Set(query.terms.map(\.key))
            if keys.contains("artifact_type") {
                which.append(Self.newest("COALESCE(\(Self.artifactType("n")), '') = COALESCE(\(Self.artifactType("a")), '')"))
            } else if keys.contains("media_type") {
                which.append(Self.newest("n.media_type = a.media_type"))
            }
        }
        let (rows, total) = try list(
            SQLFragment("a.manifest_id"), from: SQLFragment("artifact a"), which: which, columns: Self.columns(scope),
            order: "a.pushed_at DESC, a.manifest_id DESC", query)
        return (try artifacts(rows.map { try $0.integer(0) }), total)
    }

    /// A page of a list of all, in the order of time: counted beforehand, and found in an index alone, from its nearer end, so that
    /// it costs little wherever it is.
    ///
    /// - Returns: nil when something else is asked for.
    private func plainPage(of scope: ArtifactScope, _ query: ListQuery) throws -> (ids: [Int64], total: Int64)? {
        guard query.terms.isEmpty, query.order.allSatisfy({ $0.key == "push_time" }), query.order.count < 2 else { return nil }
        let counted: String =
            switch scope {
            case .repository: "SELECT artifact_count FROM repository WHERE id = $1"
            case .project: "SELECT CAST(COALESCE(SUM(artifact_count), 0) AS BIGINT) FROM repository WHERE project_id = $1"
            }
        let total = try connection.row(counted, [.integer(scope.id)])?.integer(0) ?? 0
        let (start, size) = (Int64(query.offset), Int64(query.pageSize))
        guard start < total else { return ([], total) }
        let count = min(size, total - start)
        let fromEnd = total - start - count
        let isNearEnd = fromEnd < start
        let isDescending = (query.order.first?.isDescending ?? true) != isNearEnd
        let order = isDescending ? "DESC" : "ASC"
        let ids = try connection.rows(
            """
            SELECT manifest_id FROM artifact WHERE \(scope.column) = $1 AND is_listed = 1
            ORDER BY pushed_at \(order), manifest_id \(order) LIMIT $2 OFFSET $3
            """, [.integer(scope.id), .integer(count), .integer(isNearEnd ? fromEnd : start)]
        ).map { try $0.integer(0) }
        return (isNearEnd ? ids.reversed() : ids, total)
    }

    private static func artifactType(_ row: String) -> String {
        "(SELECT ty.artifact_type FROM manifest ty WHERE ty.id = \(row).manifest_id)"
    }

    private static func newest(_ isAlike: String) -> SQLFragment {
        SQLFragment(
            """
            NOT EXISTS (SELECT 1 FROM artifact n WHERE n.repository_id = a.repository_id AND n.is_listed = 1
            AND (n.pushed_at, n.manifest_id) > (a.pushed_at, a.manifest_id) AND \(isAlike))
            """)
    }

    private static func columns(_ scope: ArtifactScope) -> [ListColumn] {
        let pulled = "(SELECT p.last_at FROM manifest_pull p WHERE p.manifest_id = a.manifest_id)"
        let own = "(SELECT ow.media_type FROM manifest ow WHERE ow.id = a.manifest_id)"
        return [
            ListColumn("id", "a.manifest_id", .integer),
            ListColumn("type", "a.type"),
            ListColumn("media_type", "a.media_type"),
            ListColumn("manifest_media_type", own),
            ListColumn("artifact_type", artifactType("a")),
            ListColumn("size", "a.size", .integer),
            ListColumn("push_time", "a.pushed_at", .time),
            ListColumn("pull_time", pulled, .time),
            ListColumn("repository_id", "a.repository_id", .integer),
            ListColumn("repository_name", "(SELECT rn.name FROM repository rn WHERE rn.id = a.repository_id)"),
            ListColumn("project_id", "a.project_id", .integer),
            .digest("(SELECT di.digest FROM manifest di WHERE di.id = a.manifest_id)"),
            ListColumn("tags", "", .condition { match throws(ListQueryError) in try tags(match, scope) }),
            ListColumn("labels", "", .condition { match throws(ListQueryError) in try labels(match) }),
        ]
    }

    /// `tags=v1`, `tags=~v`, `tags={a b}`, `tags=(a b)`; `tags=*` for those with any, `tags=nil` for those with none.
    private static func tags(_ match: ListQuery.Match, _ scope: ArtifactScope) throws(ListQueryError) -> SQLFragment {
        let of =
            scope.column == "project_id" ? "t.repository_id IN (SELECT id FROM repository WHERE project_id = ?)" : "t.repository_id = ?"
        func tagged(_ condition: SQLFragment) -> SQLFragment {
            SQLFragment(
                "a.manifest_id IN (SELECT t.manifest_id FROM tag t WHERE \(of) AND \(condition.text))",
                [.integer(scope.id)] + condition.values)
        }
        switch match {
        case .equal("*"): return SQLFragment("EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = a.manifest_id)")
        case .equal("nil"), .equal("null"): return SQLFragment("NOT EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = a.manifest_id)")
        case .all(let names): return .all(names.map { tagged(SQLFragment("t.name = ?", [.text($0)])) })
        default: return tagged(try ListColumn("tags", "t.name").condition(match))
        }
    }

    /// `labels=1`, `labels={1 2}`, `labels=(1 2)`: by their numbers.
    private static func labels(_ match: ListQuery.Match) throws(ListQueryError) -> SQLFragment {
        func labelled(_ condition: SQLFragment) -> SQLFragment {
            SQLFragment(
                "EXISTS (SELECT 1 FROM artifact_label al WHERE al.manifest_id = a.manifest_id AND \(condition.text))", condition.values)
        }
        let column = ListColumn("labels", "al.label_id", .integer)
        guard case .all(let ids) = match else { return labelled(try column.condition(match)) }
        var conditions: [SQLFragment] = []
        for id in ids { conditions.append(labelled(try column.condition(.equal(id)))) }
        return .all(conditions)
    }
}

extension ListColumn {
    /// Digests, written as clients do: `sha256:…`.
    static func digest(_ sql: String) -> ListColumn {
        ListColumn(
            "digest", sql,
            .condition { match throws(ListQueryError) in
                let texts: [String] =
                    switch match {
                    case .equal(let text): [text]
                    case .any(let texts): texts
                    default: throw ListQueryError("q: a digest can be compared with '=' and '={a b}' only")
                    }
                var keys: [SQLValue] = []
                for text in texts {
                    guard let digest = try? Digest(parsing: text) else {
                        throw ListQueryError("q: '\(text.prefix(80))' is not a digest such as sha256:<64 hexadecimal digits>")
                    }
                    keys.append(.bytes(digest.storageKey))
                }
                return SQLFragment("\(sql) IN (\(keys.map { _ in "?" }.joined(separator: ", ")))", keys)
            })
    }
}
