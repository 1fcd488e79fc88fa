/// A robot, without its secret.
package struct RobotRecord: Sendable, Equatable {
    package let id: Int64
    /// Without the prefix and without the project.
    package let name: String
    /// Nil for a robot of the system.
    package let projectID: Int64?
    package let project: String?
    package let description: String
    /// In days; -1: for ever.
    package let duration: Int64
    /// Microseconds since 1970; -1: never.
    package let expiresAt: Int64
    package let isDisabled: Bool
    /// The name of who made it.
    package let createdBy: String
    /// The user of that name; nil for one who is gone, and for robots.
    package let creatorID: Int64?
    /// Microseconds since 1970.
    package let createdAt: Int64
    package let updatedAt: Int64
    package var permissions: [StoredRobotPermission] = []

    static let columns = """
        r.id, r.name, r.project_id, p.name, r.description, r.duration, r.expires_at, r.is_disabled, r.created_by, a.id, r.created_at,
        r.updated_at
        """
    static let tables = "robot r LEFT JOIN project p ON p.id = r.project_id LEFT JOIN account a ON a.name = r.created_by"

    init(_ row: SQLRow) throws {
        id = try row.integer(0)
        name = try row.text(1)
        projectID = try row.optionalInteger(2)
        project = try row.optionalText(3)
        description = try row.text(4)
        duration = try row.integer(5)
        expiresAt = try row.integer(6)
        isDisabled = try row.integer(7) != 0
        createdBy = try row.text(8)
        creatorID = try row.optionalInteger(9)
        createdAt = try row.integer(10)
        updatedAt = try row.integer(11)
    }
}

/// What can be changed of a robot.
package struct RobotTerms: Sendable, Equatable {
    package var description: String
    /// In days; -1: for ever.
    package var duration: Int64
    package var isDisabled: Bool
    package var permissions: [StoredRobotPermission]

    package init(description: String, duration: Int64, isDisabled: Bool, permissions: [StoredRobotPermission]) {
        self.description = description
        self.duration = duration
        self.isDisabled = isDisabled
        self.permissions = permissions
    }

    /// When a robot that was made then ends, microseconds since 1970; -1: never.
    package func expiresAt(madeAt time: Int64) -> Int64 { duration == -1 ? -1 : time + duration * 86_400_000_000 }
}

extension MetadataTransaction {
    package func robot(_ id: Int64) throws -> RobotRecord? {
        let row = try connection.row("SELECT \(RobotRecord.columns) FROM \(RobotRecord.tables) WHERE r.id = $1", [.integer(id)])
        guard let row else { return nil }
        return try withPermissions([RobotRecord(row)]).first
    }

    /// - Parameters:
    ///   - hash: of its secret, a slow one.
    ///   - projectID: nil for a robot of the system.
    /// - Returns: nil when there is a robot with that name.
    package func insertRobot(
        _ name: String, ofProject projectID: Int64?, _ terms: RobotTerms, secret hash: String, createdBy: String
    ) throws -> Int64? {
        let id = try connection.row(
            """
            INSERT INTO robot (name, project_id, description, secret, duration, expires_at, is_disabled, created_by, created_at,
                updated_at, secret_changed_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $9) ON CONFLICT DO NOTHING RETURNING id
            """,
            [
                .text(name), .optional(projectID), .text(terms.description), .text(hash), .integer(terms.duration),
                .integer(terms.expiresAt(madeAt: now)), .integer(terms.isDisabled ? 1 : 0), .text(createdBy), .integer(now),
            ])?.integer(0)
        guard let id else { return nil }
        try insertPermissions(terms.permissions, ofRobot: id)
        return id
    }

    package func setTerms(_ terms: RobotTerms, of robot: RobotRecord) throws {
        let expiresAt = terms.duration == robot.duration ? robot.expiresAt : terms.expiresAt(madeAt: robot.createdAt)
        try connection.perform(
            """
            UPDATE robot SET description = $1, duration = $2, expires_at = $3, is_disabled = $4, updated_at = $5 WHERE id = $6
            """,
            [
                .text(terms.description), .integer(terms.duration), .integer(expiresAt), .integer(terms.isDisabled ? 1 : 0),
                .integer(now), .integer(robot.id),
            ])
        guard Set(terms.permissions) != Set(robot.permissions) else { return }
        try connection.perform("DELETE FROM robot_permission WHERE robot_id = $1", [.integer(robot.id)])
        try insertPermissions(terms.permissions, ofRobot: robot.id)
    }

    /// - Parameter hash: a slow one.
    package func setSecret(_ hash: String, ofRobot id: Int64) throws {
        try connection.perform(
            "UPDATE robot SET secret = $1, secret_changed_at = $2, updated_at = $2 WHERE id = $3",
            [.text(hash), .integer(now), .integer(id)])
    }

    package func deleteRobot(_ id: Int64) throws {
        try connection.perform("DELETE FROM robot WHERE id = $1", [.integer(id)])
    }

    private func insertPermissions(_ permissions: [StoredRobotPermission], ofRobot id: Int64) throws {
        for permission in permissions {
            try connection.perform(
                """
                INSERT INTO robot_permission (robot_id, kind, namespace, resource, action) VALUES ($1, $2, $3, $4, $5)
                ON CONFLICT DO NOTHING
                """,
                [
                    .integer(id), .text(permission.kind), .text(permission.namespace), .text(permission.resource),
                    .text(permission.action),
                ])
        }
    }

    // MARK: - Lists

    private static let robotColumns = [
        ListColumn("id", "r.id", .integer),
        // As Harbor has it: with the project, without the prefix.
        ListColumn("name", "CASE WHEN r.project_id IS NULL THEN r.name ELSE p.name || '+' || r.name END"),
        ListColumn("description", "r.description"),
        ListColumn("duration", "r.duration", .integer),
        ListColumn("expires_at", "CASE WHEN r.expires_at = -1 THEN -1 ELSE r.expires_at / 1000000 END", .integer),
        ListColumn("disable", "r.is_disabled", .boolean),
        ListColumn("disabled", "r.is_disabled", .boolean),
        ListColumn("creation_time", "r.created_at", .time),
        ListColumn("update_time", "r.updated_at", .time),
    ]

    /// A page of the robots of a project, or of the system, by name.
    package func robots(ofProject projectID: Int64?, _ query: ListQuery) throws -> (page: [RobotRecord], total: Int64) {
        let which = projectID.map { SQLFragment("r.project_id = ?", [.integer($0)]) } ?? SQLFragment("r.project_id IS NULL")
        let (rows, total) = try list(
            SQLFragment(RobotRecord.columns), from: SQLFragment(RobotRecord.tables), which: [which], columns: Self.robotColumns,
            order: "r.name, r.id", query)
        return (try withPermissions(rows.map(RobotRecord.init)), total)
    }

    private func withPermissions(_ robots: [RobotRecord]) throws -> [RobotRecord] {
        guard !robots.isEmpty else { return [] }
        let places = (1...robots.count).map { "$\($0)" }.joined(separator: ", ")
        let rows = try connection.rows(
            """
            SELECT robot_id, kind, namespace, resource, action FROM robot_permission WHERE robot_id IN (\(places))
            ORDER BY robot_id, kind, namespace, resource, action
            """, robots.map { .integer($0.id) })
        var permissions: [Int64: [StoredRobotPermission]] = [:]
        for row in rows {
            permissions[try row.integer(0), default: []].append(
                StoredRobotPermission(kind: try row.text(1), namespace: try row.text(2), resource: try row.text(3), action: try row.text(4))
            )
        }
        return robots.map { robot in
            var robot = robot
            robot.permissions = permissions[robot.id] ?? []
            return robot
        }
    }
}
