import Foundation

/// Projects' webhooks.
extension MetadataTransaction {
    private static let policyColumns =
        "id, project_id, name, description, creator, event_types, targets, is_enabled, created_at, updated_at"

    /// - Returns: its id; nil when the project has one of that name.
    package func insertWebhookPolicy(_ policy: WebhookPolicyRecord) throws -> Int64? {
        try connection.row(
            """
            INSERT INTO webhook_policy
                (project_id, name, description, creator, event_types, targets, is_enabled, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) ON CONFLICT (project_id, name) DO NOTHING RETURNING id
            """,
            [
                .integer(policy.projectID), .text(policy.name), .text(policy.description), .text(policy.creator),
                .text(try Self.json(policy.eventTypes)), .text(try Self.json(policy.targets)), .integer(policy.isEnabled ? 1 : 0),
                .integer(now),
            ])?.integer(0)
    }

    /// Changes all but whose it is and who made it.
    ///
    /// - Returns: false when the project has another of that name.
    package func updateWebhookPolicy(_ policy: WebhookPolicyRecord) throws -> Bool {
        let other = try connection.row(
            "SELECT id FROM webhook_policy WHERE project_id = $1 AND name = $2 AND id <> $3",
            [.integer(policy.projectID), .text(policy.name), .integer(policy.id)])
        guard other == nil else { return false }
        try connection.perform(
            """
            UPDATE webhook_policy SET name = $1, description = $2, event_types = $3, targets = $4, is_enabled = $5, updated_at = $6
            WHERE id = $7
            """,
            [
                .text(policy.name), .text(policy.description), .text(try Self.json(policy.eventTypes)),
                .text(try Self.json(policy.targets)), .integer(policy.isEnabled ? 1 : 0), .integer(now), .integer(policy.id),
            ])
        return true
    }

    /// Removes a policy with what is known of its deliveries; those under way are told to end.
    package func deleteWebhookPolicy(_ id: Int64) throws {
        for vendor in WebhookTarget.Kind.allCases.map(\.vendorType) { try removeExecutions(of: JobVendor(vendor, id)) }
        try connection.perform("DELETE FROM webhook_policy WHERE id = $1", [.integer(id)])
    }

    /// As ``deleteWebhookPolicy(_:)`` for all of a project.
    func deleteWebhookPolicies(ofProject id: Int64) throws {
        for row in try connection.rows("SELECT id FROM webhook_policy WHERE project_id = $1", [.integer(id)]) {
            try deleteWebhookPolicy(try row.integer(0))
        }
    }

    package func webhookPolicy(_ id: Int64) throws -> WebhookPolicyRecord? {
        try connection.row("SELECT \(Self.policyColumns) FROM webhook_policy WHERE id = $1", [.integer(id)]).map(Self.webhookPolicy)
    }

    package func webhookPolicies(
        ofProject id: Int64, _ query: ListQuery
    ) throws -> (page: [WebhookPolicyRecord], total: Int64) {
        let (rows, total) = try list(
            SQLFragment(Self.policyColumns), from: SQLFragment("webhook_policy"), which: [SQLFragment("project_id = ?", [.integer(id)])],
            columns: [
                ListColumn("id", "id", .integer), ListColumn("name", "name"), ListColumn("description", "description"),
                ListColumn("enabled", "is_enabled", .boolean), ListColumn("creator", "creator"),
                ListColumn("creation_time", "created_at", .time), ListColumn("update_time", "updated_at", .time),
            ], order: "id", query)
        return (try rows.map(Self.webhookPolicy), total)
    }

    /// The policies of a project that send something.
    package func enabledWebhookPolicies(ofProject id: Int64) throws -> [WebhookPolicyRecord] {
        try connection.rows(
            "SELECT \(Self.policyColumns) FROM webhook_policy WHERE project_id = $1 AND is_enabled = 1 ORDER BY id", [.integer(id)]
        ).map(Self.webhookPolicy)
    }

    /// Whether any project has a webhook that sends something.
    package func hasEnabledWebhookPolicies() throws -> Bool {
        try connection.row("SELECT 1 FROM webhook_policy WHERE is_enabled = 1 LIMIT 1", []) != nil
    }

    /// Notes that a policy is set off now.
    package func noteWebhookTrigger(_ policyID: Int64, by eventType: String) throws {
        try connection.perform(
            """
            INSERT INTO webhook_trigger (policy_id, event_type, triggered_at) VALUES ($1, $2, $3)
            ON CONFLICT (policy_id, event_type) DO UPDATE SET triggered_at = excluded.triggered_at
            """, [.integer(policyID), .text(eventType), .integer(now)])
    }

    /// When policies of a project were last set off by which events.
    package func webhookTriggers(ofProject id: Int64) throws -> [(policyID: Int64, eventType: String, at: Int64)] {
        try connection.rows(
            """
            SELECT t.policy_id, t.event_type, t.triggered_at
            FROM webhook_trigger t JOIN webhook_policy p ON p.id = t.policy_id WHERE p.project_id = $1
            """, [.integer(id)]
        ).map { (try $0.integer(0), try $0.text(1), try $0.integer(2)) }
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func webhookPolicy(_ row: SQLRow) throws -> WebhookPolicyRecord {
        let id = try row.integer(0)
        guard let types = try? JSONDecoder().decode([String].self, from: Data(row.text(5).utf8)),
            let targets = try? JSONDecoder().decode([WebhookTarget].self, from: Data(row.text(6).utf8))
        else { throw MetadataError.corrupt("the webhook policy \(id) cannot be read") }
        var policy = WebhookPolicyRecord(projectID: try row.integer(1), name: try row.text(2), eventTypes: types, targets: targets)
        policy.id = id
        policy.description = try row.text(3)
        policy.creator = try row.text(4)
        policy.isEnabled = try row.integer(7) != 0
        policy.createdAt = try row.integer(8)
        policy.updatedAt = try row.integer(9)
        return policy
    }
}

extension WebhookTarget.Kind {
    /// The vendor of executions that deliver to such targets, and the kind of their jobs, as Harbor has them.
    package var vendorType: String {
        switch self {
        case .http: "WEBHOOK"
        case .slack: "SLACK"
        }
    }
}
