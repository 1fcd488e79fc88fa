import CoveOCI
import Foundation

extension MetadataTransaction {
    /// Those of `tags` that rules keep as they are in a repository.
    package func immutableTags(among tags: [String], in repositoryID: Int64) throws -> Set<String> {
        guard !tags.isEmpty else { return [] }
        let matchers = try immutableRules(of: repositoryID).matchers
        return Set(tags.filter { tag in matchers.contains { $0.matches(tag) } })
    }

    /// - Throws: ``ImmutableTag`` for the first of `tags` that a rule keeps as it is.
    func refuseIfImmutable(_ tags: [Tag], in repositoryID: Int64) throws {
        guard !notes.overridesRules, !tags.isEmpty else { return }
        let (name, matchers) = try immutableRules(of: repositoryID)
        guard let tag = tags.first(where: { tag in matchers.contains { $0.matches(tag.description) } }) else { return }
        throw ImmutableTag(repository: name, tag: tag.description)
    }

    /// To be called before a repository is removed a little at a time.
    ///
    /// - Throws: ``ImmutableTag`` when a rule keeps one of its tags.
    package func refuseIfImmutable(_ repositoryID: Int64) throws {
        guard try !immutableRules(of: repositoryID).matchers.isEmpty else { return }
        var last = ""
        while true {
            let names = try tagNames(in: repositoryID, after: last, limit: 1000)
            try refuseIfImmutable(names.map { try Tag(parsing: $0) }, in: repositoryID)
            guard let end = names.last else { return }
            last = end
        }
    }

    private func immutableRules(of repositoryID: Int64) throws -> (name: String, matchers: [RuleMatcher]) {
        let rows = try connection.rows(
            """
            SELECT r.name, i.rule FROM repository r JOIN immutable_rule i ON i.project_id = r.project_id
            WHERE r.id = $1 AND i.is_disabled = 0
            """, [.integer(repositoryID)])
        guard let first = rows.first else { return ("", []) }
        let name = try RepositoryName(parsing: first.text(0))
        var matchers: [RuleMatcher] = []
        for row in rows {
            let rule = try Self.rule(row, 1)
            if try rule.isAbout(name) { matchers.append(try RuleMatcher(rule.tags)) }
        }
        return (name.description, matchers)
    }

    // MARK: - The rules

    private static let immutableColumns = [
        ListColumn("id", "i.id", .integer), ListColumn("priority", "i.priority", .integer),
        ListColumn("disabled", "i.is_disabled", .boolean), ListColumn("creation_time", "i.created_at", .time),
        ListColumn("update_time", "i.updated_at", .time),
    ]

    package func immutableRules(ofProject id: Int64, _ query: ListQuery) throws -> (page: [TagRule], total: Int64) {
        let (rows, total) = try list(
            SQLFragment("i.id, i.rule"), from: SQLFragment("immutable_rule i"), which: [SQLFragment("i.project_id = ?", [.integer(id)])],
            columns: Self.immutableColumns, order: "i.id", query)
        return (try rows.map(Self.numberedRule), total)
    }

    package func immutableRule(_ id: Int64, ofProject projectID: Int64) throws -> TagRule? {
        try connection.row(
            "SELECT id, rule FROM immutable_rule WHERE id = $1 AND project_id = $2", [.integer(id), .integer(projectID)]
        ).map(Self.numberedRule)
    }

    /// - Returns: its row.
    package func insertImmutableRule(_ rule: TagRule, ofProject projectID: Int64) throws -> Int64 {
        let row = try connection.row(
            """
            INSERT INTO immutable_rule (project_id, priority, is_disabled, rule, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $5) RETURNING id
            """,
            [
                .integer(projectID), .integer(rule.priority), .integer(rule.isDisabled ? 1 : 0), .text(try Self.text(of: rule)),
                .integer(now),
            ])
        guard let row else { throw MetadataError.corrupt("a rule was inserted but has no row") }
        return try row.integer(0)
    }

    /// - Returns: false when there is no such rule.
    package func updateImmutableRule(_ rule: TagRule, ofProject projectID: Int64) throws -> Bool {
        try connection.run(
            "UPDATE immutable_rule SET priority = $1, is_disabled = $2, rule = $3, updated_at = $4 WHERE id = $5 AND project_id = $6",
            [
                .integer(rule.priority), .integer(rule.isDisabled ? 1 : 0), .text(try Self.text(of: rule)), .integer(now),
                .integer(rule.id), .integer(projectID),
            ]) > 0
    }

    /// - Returns: false when there was no such rule.
    package func deleteImmutableRule(_ id: Int64, ofProject projectID: Int64) throws -> Bool {
        try connection.run(
            "DELETE FROM immutable_rule WHERE id = $1 AND project_id = $2", [.integer(id), .integer(projectID)]) > 0
    }

    private static func numberedRule(_ row: SQLRow) throws -> TagRule {
        var rule = try rule(row, 1)
        rule.id = try row.integer(0)
        return rule
    }

    private static func rule(_ row: SQLRow, _ column: Int) throws -> TagRule {
        try JSONDecoder().decode(TagRule.self, from: Data(try row.text(column).utf8))
    }

    private static func text(of value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
