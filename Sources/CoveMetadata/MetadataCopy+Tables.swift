extension MetadataCopy {
    /// Every table of the schema, those that others refer to first. A test compares it with what the schema makes.
    static let tables: [Table] = [
        Table(
            name: "project", key: ["id"], columns: ["id", "name", "created_at", "owner_id", "is_public", "updated_at", "is_limited"]),
        Table(
            name: "repository", key: ["id"],
            columns: ["id", "project_id", "name", "created_at", "is_limited", "description", "updated_at", "artifact_count"]),
        Table(
            name: "blob", key: ["id"],
            columns: ["id", "digest", "size", "location", "state", "created_at", "unreferenced_since"]),
        Table(
            name: "repository_blob", key: ["repository_id", "blob_id"], columns: ["repository_id", "blob_id", "created_at"]),
        Table(
            name: "manifest", key: ["id"],
            columns: [
                "id", "repository_id", "digest", "media_type", "artifact_type", "subject", "annotations", "annotations_size",
                "size", "created_at", "created_by", "payload",
            ], page: 16),
        Table(
            name: "manifest_reference", key: ["manifest_id", "position"],
            columns: ["manifest_id", "position", "role", "digest", "size", "media_type"]),
        Table(
            name: "tag", key: ["repository_id", "name"],
            columns: ["repository_id", "name", "manifest_id", "created_at", "updated_at", "updated_by"]),
        Table(
            name: "artifact", key: ["manifest_id"],
            columns: [
                "manifest_id", "repository_id", "project_id", "subject", "is_listed", "type", "media_type", "size", "pushed_at",
                "attributes", "children",
            ], page: 100),
        Table(name: "repository_pull", key: ["repository_id"], columns: ["repository_id", "count", "last_at"]),
        Table(
            name: "label", key: ["id"],
            columns: ["id", "name", "description", "color", "project_id", "created_at", "updated_at"]),
        Table(name: "artifact_label", key: ["manifest_id", "label_id"], columns: ["manifest_id", "label_id", "created_at"]),
        Table(name: "manifest_pull", key: ["manifest_id"], columns: ["manifest_id", "count", "last_at"]),
        Table(name: "tag_pull", key: ["repository_id", "name"], columns: ["repository_id", "name", "count", "last_at"]),
        Table(name: "tag_history", key: ["id"], columns: ["id", "repository_id", "name", "digest", "at", "actor"]),
        Table(
            name: "upload", key: ["id"],
            columns: ["id", "repository", "algorithm", "received", "created_at", "updated_at", "mark", "hash_state"]),
        Table(
            name: "event", key: ["id"],
            columns: [
                "id", "at", "action", "repository", "digest", "media_type", "size", "tag", "from_repository", "actor",
                "request_id", "method", "host", "address", "user_agent", "count", "base_url", "source_address", "source_instance",
            ]),
        Table(name: "outbox_reader", key: ["name"], columns: ["name", "event_id", "copies", "term", "updated_at"]),
        Table(
            name: "deleted_manifest", key: ["repository", "digest"], columns: ["repository", "digest", "payload", "deleted_at"],
            page: 16),
        Table(name: "schedule", key: ["name"], columns: ["name", "started_at"]),
        Table(name: "import_manifest", key: ["digest", "repository_id"], columns: ["digest", "repository_id"]),
        Table(name: "import", key: ["source"], columns: ["source", "started_at", "finished_at"]),
        Table(
            name: "errand", key: ["id"],
            columns: ["id", "kind", "arguments", "state", "outcome", "created_at", "updated_at"]),
        Table(name: "vault_entry", key: ["name"], columns: ["name", "value", "updated_at"]),
        Table(name: "change_notice", key: ["id"], columns: ["id", "repository_id", "at"]),
        Table(name: "errand_line", key: ["errand_id", "number"], columns: ["errand_id", "number", "text"]),
        Table(
            name: "account", key: ["id"],
            columns: [
                "id", "name", "name_key", "email", "full_name", "comment", "password", "password_changed_at", "is_admin", "is_auditor",
                "is_disabled", "source", "subject", "failures", "locked_until", "created_at", "updated_at",
            ]),
        Table(
            name: "account_group", key: ["id"], columns: ["id", "name", "type", "ldap_dn", "created_at", "updated_at"]),
        Table(name: "account_group_member", key: ["group_id", "account_id"], columns: ["group_id", "account_id"]),
        Table(
            name: "account_token", key: ["id"],
            columns: ["id", "account_id", "kind", "name", "secret", "scope", "created_at", "expires_at", "used_at"]),
        Table(name: "project_metadata", key: ["project_id", "name"], columns: ["project_id", "name", "value"]),
        Table(
            name: "project_member", key: ["id"],
            columns: ["id", "project_id", "account_id", "group_id", "role", "created_at", "updated_at"]),
        Table(
            name: "repository_grant", key: ["id"],
            columns: ["id", "project_id", "account_id", "group_id", "pattern", "actions", "created_at"]),
        Table(
            name: "robot", key: ["id"],
            columns: [
                "id", "name", "project_id", "description", "secret", "duration", "expires_at", "is_disabled", "created_by",
                "created_at", "updated_at", "secret_changed_at",
            ]),
        Table(
            name: "robot_permission", key: ["robot_id", "kind", "namespace", "resource", "action"],
            columns: ["robot_id", "kind", "namespace", "resource", "action", "effect"]),
        Table(
            name: "signing_key", key: ["id"], columns: ["id", "private_key", "created_at", "signs_until", "ends_at"]),
        Table(
            name: "refresh_token", key: ["secret"],
            columns: ["secret", "subject", "service", "client", "created_at", "expires_at", "used_at"]),
        Table(
            name: "project_limit", key: ["project_id"],
            columns: ["project_id", "storage", "tags", "used_storage", "used_tags", "created_at", "updated_at"]),
        Table(
            name: "immutable_rule", key: ["id"],
            columns: ["id", "project_id", "priority", "is_disabled", "rule", "created_at", "updated_at"]),
        Table(
            name: "retention_policy", key: ["id"], columns: ["id", "project_id", "rules", "cron", "created_at", "updated_at"]),
        Table(
            name: "webhook_policy", key: ["id"],
            columns: [
                "id", "project_id", "name", "description", "creator", "event_types", "targets", "is_enabled", "created_at", "updated_at",
            ]),
        Table(
            name: "webhook_trigger", key: ["policy_id", "event_type"], columns: ["policy_id", "event_type", "triggered_at"]),
        Table(name: "setting", key: ["name"], columns: ["name", "value", "updated_at"]),
        Table(
            name: "cve_allowlist", key: ["project_id"], columns: ["project_id", "names", "expires_at", "created_at", "updated_at"]),
        Table(
            name: "job_execution", key: ["id"],
            columns: [
                "id", "vendor_type", "vendor_id", "triggered_by", "status", "status_message", "attributes", "unique_key", "created_at",
                "started_at", "ended_at", "updated_at",
            ]),
        Table(
            name: "job", key: ["id"],
            columns: [
                "id", "kind", "execution_id", "parameters", "priority", "status", "status_message", "run_at", "attempt", "failures",
                "losses", "worker", "stop_requested", "check_in", "checked_in_at", "done", "total", "result", "log_lines", "log_bytes",
                "created_at", "started_at", "ended_at", "updated_at",
            ]),
        Table(name: "job_log", key: ["job_id", "number"], columns: ["job_id", "number", "text"]),
        Table(
            name: "job_schedule", key: ["id"],
            columns: [
                "id", "vendor_type", "vendor_id", "kind", "cron", "cron_type", "parameters", "may_overlap", "next_at", "fired_at",
                "created_at", "updated_at",
            ]),
        Table(name: "job_pause", key: ["kind"], columns: ["kind", "paused_at"]),
        Table(
            name: "job_worker", key: ["name"], columns: ["name", "host", "pid", "concurrency", "beat", "started_at", "beat_at"]),
        Table(
            name: "browser_session", key: ["id"],
            columns: ["id", "account_id", "csrf", "id_token", "created_at", "used_at", "expires_at"]),
        Table(
            name: "provider_login", key: ["id"],
            columns: ["id", "state", "nonce", "verifier", "callback", "target", "identity", "expires_at"]),
        Table(name: "group_administrator", key: ["account_id"], columns: ["account_id"]),
        Table(
            name: "audit_log", key: ["id"],
            columns: [
                "id", "at", "project_id", "project", "operator", "operation", "resource_type", "resource", "result", "status",
                "description", "address", "user_agent", "request_id",
            ]),
        Table(name: "audit_reader", key: ["name"], columns: ["name", "entry_id", "term", "updated_at"]),
    ]
}
