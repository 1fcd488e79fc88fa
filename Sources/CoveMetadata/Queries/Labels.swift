/// A label that artifacts can have: of the system, or of one project.
package struct LabelRecord: Sendable, Equatable {
    package let id: Int64
    package let name: String
    package let description: String
    package let color: String
    /// Nil for one of the system.
    package let projectID: Int64?
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64

    static let columns = "l.id, l.name, l.description, l.color, l.project_id, l.created_at, l.updated_at"

    init(_ row: SQLRow, from first: Int = 0) throws {
        id = try row.integer(first)
        name = try row.text(first + 1)
        description = try row.text(first + 2)
        color = try row.text(first + 3)
        projectID = try row.optionalInteger(first + 4)
        createdAt = try row.integer(first + 5)
        updatedAt = try row.integer(first + 6)
    }
}

extension MetadataTransaction {
    package func label(_ id: Int64) throws -> LabelRecord? {
        try connection.row("SELECT \(LabelRecord.columns) FROM label l WHERE l.id = $1", [.integer(id)]).map { try LabelRecord($0) }
    }

    /// A page of the labels of a project, or of the system.
    ///
    /// - Parameter name: a part of their names; nil for all.
    package func labels(
        ofProject projectID: Int64?, name: String?, _ query: ListQuery
    ) throws -> (labels: [LabelRecord], total: Int64) {
        let owner = projectID.map { SQLFragment("l.project_id = ?", [.integer($0)]) } ?? SQLFragment("l.project_id IS NULL")
        let columns = [
            ListColumn("id", "l.id", .integer), ListColumn("name", "l.name"), ListColumn("description", "l.description"),
            ListColumn("color", "l.color"), ListColumn("creation_time", "l.created_at", .time),
            ListColumn("update_time", "l.updated_at", .time),
        ]
        var query = query
        if let name { query.terms.append(.init("name", .contains(name))) }
        let (rows, total) = try list(
            SQLFragment(LabelRecord.columns), from: SQLFragment("label l"), which: [owner], columns: columns, order: "l.name, l.id", query)
        return (try rows.map { try LabelRecord($0) }, total)
    }

    /// - Returns: its row; nil when there is one of this name.
    package func insertLabel(_ name: String, description: String, color: String, projectID: Int64?) throws -> Int64? {
        try connection.row(
            """
            INSERT INTO label (name, description, color, project_id, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)
            ON CONFLICT DO NOTHING RETURNING id
            """, [.text(name), .text(description), .text(color), .optional(projectID), .integer(now)]
        )?.integer(0)
    }

    /// - Returns: false when another has this name.
    package func updateLabel(_ label: LabelRecord, name: String, description: String, color: String) throws -> Bool {
        let other = try connection.row(
            """
            SELECT 1 FROM label WHERE name = $1 AND id <> $2 AND COALESCE(project_id, 0) = $3
            """, [.text(name), .integer(label.id), .integer(label.projectID ?? 0)])
        guard other == nil else { return false }
        try connection.perform(
            "UPDATE label SET name = $1, description = $2, color = $3, updated_at = $4 WHERE id = $5",
            [.text(name), .text(description), .text(color), .integer(now), .integer(label.id)])
        return true
    }

    /// Takes a label from whatever has it, and forgets it.
    package func deleteLabel(_ id: Int64) throws {
        try connection.perform("DELETE FROM label WHERE id = $1", [.integer(id)])
    }

    /// - Returns: false when the artifact has it already.
    package func addLabel(_ labelID: Int64, to manifestID: Int64) throws -> Bool {
        try connection.run(
            """
            INSERT INTO artifact_label (manifest_id, label_id, created_at) VALUES ($1, $2, $3)
            ON CONFLICT (manifest_id, label_id) DO NOTHING
            """, [.integer(manifestID), .integer(labelID), .integer(now)]) > 0
    }

    /// - Returns: false when the artifact does not have it.
    package func removeLabel(_ labelID: Int64, from manifestID: Int64) throws -> Bool {
        try connection.run(
            "DELETE FROM artifact_label WHERE manifest_id = $1 AND label_id = $2", [.integer(manifestID), .integer(labelID)]) > 0
    }

    /// The labels of these manifests, by name.
    package func labels(ofArtifacts ids: [Int64]) throws -> [Int64: [LabelRecord]] {
        var found: [Int64: [LabelRecord]] = [:]
        for batch in Batch.lists(of: ids) {
            let rows = try connection.rows(
                """
                SELECT al.manifest_id, \(LabelRecord.columns) FROM artifact_label al JOIN label l ON l.id = al.label_id
                WHERE al.manifest_id IN (\(batch.parameters(from: 1))) ORDER BY l.name, l.id
                """, batch.items.map { .integer($0) })
            for row in rows { found[try row.integer(0), default: []].append(try LabelRecord(row, from: 1)) }
        }
        return found
    }
}
