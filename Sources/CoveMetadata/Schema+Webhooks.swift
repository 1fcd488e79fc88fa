extension Schema {
    /// Whom a project tells of what happens in it. What came of that are executions of jobs, of the vendors WEBHOOK and SLACK.
    static let webhooks: [String] = [
        // event_types: JSON, a list. targets: JSON, a list of WebhookTarget.
        """
        CREATE TABLE webhook_policy (
            id {id},
            project_id {integer} NOT NULL REFERENCES project(id) ON DELETE CASCADE,
            name {key} NOT NULL,
            description TEXT NOT NULL DEFAULT '',
            creator TEXT NOT NULL DEFAULT '',
            event_types TEXT NOT NULL,
            targets TEXT NOT NULL,
            is_enabled {integer} NOT NULL DEFAULT 1,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL,
            UNIQUE (project_id, name)
        )
        """,
        // When a policy was last set off by events of a type.
        """
        CREATE TABLE webhook_trigger (
            policy_id {integer} NOT NULL REFERENCES webhook_policy(id) ON DELETE CASCADE,
            event_type {key} NOT NULL,
            triggered_at {integer} NOT NULL,
            PRIMARY KEY (policy_id, event_type)
        )
        """,
    ]
}
