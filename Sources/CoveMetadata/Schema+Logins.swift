extension Schema {
    /// Browsers' sessions, and logins at an identity provider under way.
    static let logins: [String] = [
        // id: SHA-256 of what the browser has. csrf: what a page has to know beside it. id_token: with which the provider is told
        // of the end of the session.
        """
        CREATE TABLE browser_session (
            id {key} PRIMARY KEY,
            account_id {integer} NOT NULL REFERENCES account(id) ON DELETE CASCADE,
            csrf TEXT NOT NULL,
            id_token TEXT,
            created_at {integer} NOT NULL,
            used_at {integer} NOT NULL,
            expires_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX browser_session_account ON browser_session(account_id)",
        "CREATE INDEX browser_session_expires ON browser_session(expires_at)",
        // id: SHA-256 of what the browser has. identity null: the provider has not said yet who it is.
        """
        CREATE TABLE provider_login (
            id {key} PRIMARY KEY,
            state TEXT NOT NULL,
            nonce TEXT NOT NULL,
            verifier TEXT NOT NULL,
            callback TEXT NOT NULL,
            target TEXT NOT NULL,
            identity TEXT,
            expires_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX provider_login_expires ON provider_login(expires_at)",
        // Administrators whom a group of a directory or a provider makes so: when they leave it, they are none any more.
        "CREATE TABLE group_administrator (account_id {integer} PRIMARY KEY REFERENCES account(id) ON DELETE CASCADE)",
    ]
}
