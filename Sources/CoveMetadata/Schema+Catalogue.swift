extension Schema {
    /// What people say of artifacts, and what lists of them need to be quick: labels, descriptions, sizes.
    static let catalogue: [String] =
        [
            // A row beside each manifest, so that lists do not walk over payloads. is_listed 1: it is an artifact of its own, as it
            // is nobody's referrer, and has a tag or is in no index of the repository. subject: of a referrer, and of a signature
            // that cosign found by its tag. type '': not worked out yet. attributes and children null: likewise; what its config
            // says of it, and what an index says of its entries, as JSON.
            """
            CREATE TABLE artifact (
                manifest_id {integer} PRIMARY KEY REFERENCES manifest(id) ON DELETE CASCADE,
                repository_id {integer} NOT NULL REFERENCES repository(id),
                project_id {integer} NOT NULL,
                subject {bytes},
                is_listed {integer} NOT NULL,
                type {key} NOT NULL,
                media_type {key} NOT NULL,
                size {integer} NOT NULL,
                pushed_at {integer} NOT NULL,
                attributes TEXT,
                children TEXT
            )
            """,
            // artifact_count: rows of artifact that are listed.
            "ALTER TABLE repository ADD COLUMN description TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE repository ADD COLUMN updated_at {integer} NOT NULL DEFAULT 0",
            "ALTER TABLE repository ADD COLUMN artifact_count {integer} NOT NULL DEFAULT 0",
            "CREATE INDEX repository_project ON repository(project_id, name)",
            """
            CREATE TABLE repository_pull (
                repository_id {integer} PRIMARY KEY REFERENCES repository(id) ON DELETE CASCADE,
                count {integer} NOT NULL,
                last_at {integer} NOT NULL
            )
            """,
            // project_id null: of the system.
            """
            CREATE TABLE label (
                id {id},
                name {key} NOT NULL,
                description TEXT NOT NULL DEFAULT '',
                color TEXT NOT NULL DEFAULT '',
                project_id {integer} REFERENCES project(id) ON DELETE CASCADE,
                created_at {integer} NOT NULL,
                updated_at {integer} NOT NULL
            )
            """,
            "CREATE UNIQUE INDEX label_of_system ON label(name) WHERE project_id IS NULL",
            "CREATE UNIQUE INDEX label_of_project ON label(project_id, name) WHERE project_id IS NOT NULL",
            """
            CREATE TABLE artifact_label (
                manifest_id {integer} NOT NULL REFERENCES manifest(id) ON DELETE CASCADE,
                label_id {integer} NOT NULL REFERENCES label(id) ON DELETE CASCADE,
                created_at {integer} NOT NULL,
                PRIMARY KEY (manifest_id, label_id)
            )
            """,
            "CREATE INDEX artifact_label_label ON artifact_label(label_id)",
        ] + filled + [
            // After the rows: an index is built faster than it grows.
            "CREATE INDEX artifact_of_repository ON artifact(repository_id, pushed_at, manifest_id) WHERE is_listed = 1",
            "CREATE INDEX artifact_of_project ON artifact(project_id, pushed_at, manifest_id) WHERE is_listed = 1",
            "CREATE INDEX artifact_subject ON artifact(repository_id, subject) WHERE subject IS NOT NULL",
            "CREATE INDEX artifact_unclassified ON artifact(manifest_id) WHERE type = ''",
        ]

    /// What is there already. Of types that SQL cannot tell, ``MetadataTransaction/classifyArtifacts(limit:)`` says more.
    static let filled: [String] = [
        """
        INSERT INTO artifact (manifest_id, repository_id, project_id, subject, is_listed, type, media_type, size, pushed_at)
        SELECT m.id, m.repository_id, r.project_id, m.subject,
            CASE WHEN m.subject IS NULL AND (
                EXISTS (SELECT 1 FROM tag t WHERE t.manifest_id = m.id)
                OR NOT EXISTS (
                    SELECT 1 FROM manifest_reference mr JOIN manifest p ON p.id = mr.manifest_id
                    WHERE mr.digest = m.digest AND mr.role = 'child' AND p.repository_id = m.repository_id)
            ) THEN 1 ELSE 0 END,
            '', m.media_type,
            COALESCE((SELECT CAST(SUM(mr.size) AS BIGINT) FROM manifest_reference mr WHERE mr.manifest_id = m.id AND mr.role <> 'child'), 0)
            + CASE WHEN m.media_type IN (\(indexTypes)) THEN 0 ELSE m.size END,
            m.created_at
        FROM manifest m JOIN repository r ON r.id = m.repository_id
        """,
        """
        UPDATE artifact SET size = size + (
            SELECT CAST(COALESCE(SUM(ca.size), 0) AS BIGINT) FROM manifest cm JOIN artifact ca ON ca.manifest_id = cm.id
            WHERE cm.repository_id = artifact.repository_id AND cm.digest IN (
                SELECT mr.digest FROM manifest_reference mr WHERE mr.manifest_id = artifact.manifest_id AND mr.role = 'child'))
        WHERE media_type IN (\(indexTypes))
        """,
        """
        UPDATE repository SET updated_at = created_at, artifact_count = (
            SELECT COUNT(*) FROM artifact a WHERE a.repository_id = repository.id AND a.is_listed = 1)
        """,
        """
        INSERT INTO repository_pull (repository_id, count, last_at)
        SELECT m.repository_id, CAST(SUM(p.count) AS BIGINT), MAX(p.last_at)
        FROM manifest_pull p JOIN manifest m ON m.id = p.manifest_id GROUP BY m.repository_id
        """,
    ]

    private static let indexTypes =
        "'application/vnd.oci.image.index.v1+json', 'application/vnd.docker.distribution.manifest.list.v2+json'"
}
