extension Schema {
    /// Who there is, what projects they are members of, and what robots and tokens speak for them.
    static let accounts: [String] = [
        // name_key: the name in lower case, as two that differ in case alone are one. password null: nobody logs in with one kept
        // here. source: database, ldap, oidc. subject: by which an identity provider knows them.
        """
        CREATE TABLE account (
            id {id},
            name {key} NOT NULL,
            name_key {key} NOT NULL UNIQUE,
            email {key},
            full_name TEXT NOT NULL DEFAULT '',
            comment TEXT NOT NULL DEFAULT '',
            password TEXT,
            password_changed_at {integer} NOT NULL,
            is_admin {integer} NOT NULL DEFAULT 0,
            is_auditor {integer} NOT NULL DEFAULT 0,
            is_disabled {integer} NOT NULL DEFAULT 0,
            source TEXT NOT NULL DEFAULT 'database',
            subject {key},
            failures {integer} NOT NULL DEFAULT 0,
            locked_until {integer} NOT NULL DEFAULT 0,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX account_email ON account(email) WHERE email IS NOT NULL",
        "CREATE UNIQUE INDEX account_subject ON account(source, subject) WHERE subject IS NOT NULL",
        // type as Harbor numbers them: 1 LDAP, 2 HTTP, 3 OIDC.
        """
        CREATE TABLE account_group (
            id {id},
            name {key} NOT NULL UNIQUE,
            type {integer} NOT NULL,
            ldap_dn {key} NOT NULL DEFAULT '',
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        """
        CREATE TABLE account_group_member (
            group_id {integer} NOT NULL REFERENCES account_group(id) ON DELETE CASCADE,
            account_id {integer} NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            PRIMARY KEY (group_id, account_id)
        )
        """,
        "CREATE INDEX account_group_member_account ON account_group_member(account_id)",
        // Personal access tokens and CLI secrets. secret: SHA-256 of one that has 256 random bits; that of a CLI secret, which
        // people may choose, a slow hash as of a password.
        """
        CREATE TABLE account_token (
            id {id},
            account_id {integer} NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            name TEXT NOT NULL,
            secret TEXT NOT NULL,
            scope TEXT NOT NULL DEFAULT '',
            created_at {integer} NOT NULL,
            expires_at {integer},
            used_at {integer}
        )
        """,
        "CREATE INDEX account_token_account ON account_token(account_id)",
        "CREATE INDEX account_token_secret ON account_token(secret)",
        // What a project is beside its name.
        "ALTER TABLE project ADD COLUMN owner_id {integer}",
        "ALTER TABLE project ADD COLUMN is_public {integer} NOT NULL DEFAULT 0",
        "ALTER TABLE project ADD COLUMN updated_at {integer} NOT NULL DEFAULT 0",
        """
        CREATE TABLE project_metadata (
            project_id {integer} NOT NULL REFERENCES project(id) ON DELETE CASCADE,
            name {key} NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (project_id, name)
        )
        """,
        // One of account_id and group_id. role as Harbor numbers them: 1 project admin, 2 developer, 3 guest, 4 maintainer,
        // 5 limited guest.
        """
        CREATE TABLE project_member (
            id {id},
            project_id {integer} NOT NULL REFERENCES project(id) ON DELETE CASCADE,
            account_id {integer} REFERENCES account(id) ON DELETE CASCADE,
            group_id {integer} REFERENCES account_group(id) ON DELETE CASCADE,
            role {integer} NOT NULL,
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX project_member_account ON project_member(project_id, account_id) WHERE account_id IS NOT NULL",
        "CREATE UNIQUE INDEX project_member_group ON project_member(project_id, group_id) WHERE group_id IS NOT NULL",
        "CREATE INDEX project_member_of_account ON project_member(account_id)",
        "CREATE INDEX project_member_of_group ON project_member(group_id)",
        // Beside the roles: what one may do in the repositories of a project that match a pattern. actions: pull,push,delete.
        """
        CREATE TABLE repository_grant (
            id {id},
            project_id {integer} NOT NULL REFERENCES project(id) ON DELETE CASCADE,
            account_id {integer} REFERENCES account(id) ON DELETE CASCADE,
            group_id {integer} REFERENCES account_group(id) ON DELETE CASCADE,
            pattern {key} NOT NULL,
            actions TEXT NOT NULL,
            created_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX repository_grant_project ON repository_grant(project_id)",
        // name: without the prefix, and without the project. project_id null: of the system. duration in days, -1 for ever;
        // expires_at -1 likewise, else microseconds. secret: as a password's.
        """
        CREATE TABLE robot (
            id {id},
            name {key} NOT NULL,
            project_id {integer} REFERENCES project(id) ON DELETE CASCADE,
            description TEXT NOT NULL DEFAULT '',
            secret TEXT NOT NULL,
            duration {integer} NOT NULL,
            expires_at {integer} NOT NULL,
            is_disabled {integer} NOT NULL DEFAULT 0,
            created_by {key} NOT NULL DEFAULT '',
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL,
            secret_changed_at {integer} NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX robot_of_system ON robot(name) WHERE project_id IS NULL",
        "CREATE UNIQUE INDEX robot_of_project ON robot(project_id, name) WHERE project_id IS NOT NULL",
        // kind: system or project. namespace: a project's name, * for all, / for the system.
        """
        CREATE TABLE robot_permission (
            robot_id {integer} NOT NULL REFERENCES robot(id) ON DELETE CASCADE,
            kind TEXT NOT NULL,
            namespace {key} NOT NULL,
            resource TEXT NOT NULL,
            action TEXT NOT NULL,
            effect TEXT NOT NULL DEFAULT 'allow',
            PRIMARY KEY (robot_id, kind, namespace, resource, action)
        )
        """,
        // Raised with whatever changes rights: nodes look at it, and forget what they remember of rights.
        "CREATE TABLE rights_revision (number {integer} NOT NULL)",
        "INSERT INTO rights_revision VALUES (1)",
        // The keys that tokens are signed with. Public ones stay until the last token that they signed has ended.
        """
        CREATE TABLE signing_key (
            id {key} PRIMARY KEY,
            private_key {bytes} NOT NULL,
            created_at {integer} NOT NULL,
            signs_until {integer} NOT NULL,
            ends_at {integer} NOT NULL
        )
        """,
        // Of the token service, kept as SHA-256.
        """
        CREATE TABLE refresh_token (
            secret {key} PRIMARY KEY,
            subject {key} NOT NULL,
            service TEXT NOT NULL,
            client TEXT NOT NULL DEFAULT '',
            created_at {integer} NOT NULL,
            expires_at {integer} NOT NULL,
            used_at {integer}
        )
        """,
        "CREATE INDEX refresh_token_subject ON refresh_token(subject)",
        // What is set while it runs, by Harbor's names (`/configurations`).
        "CREATE TABLE setting (name {key} PRIMARY KEY, value TEXT NOT NULL, updated_at {integer} NOT NULL)",
        // Vulnerabilities that are put up with. project_id 0: in the whole system. names: one a line. expires_at in seconds.
        """
        CREATE TABLE cve_allowlist (
            project_id {integer} PRIMARY KEY,
            names TEXT NOT NULL,
            expires_at {integer},
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL
        )
        """,
    ]
}
