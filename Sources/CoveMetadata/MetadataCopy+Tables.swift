extension MetadataCopy {
    /// Every table of the schema, those that others refer to first. A test compares it with what the schema makes.
    static let tables: [Table] = [
        Table(name: "project", key: ["id"], columns: ["id", "name", "created_at"]),
        Table(name: "repository", key: ["id"], columns: ["id", "project_id", "name", "created_at"]),
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
    ]
}
