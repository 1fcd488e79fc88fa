import CoveOCI

extension MetadataTransaction {
    /// Appends to the audit log, unless its kind is left out. Without accounts nothing is recorded.
    package func audit(_ entry: AuditEntry) throws {
        guard let rules = notes.audit?.rules, !rules.disabledEvents.contains(entry.eventType) else { return }
        try connection.perform(
            """
            INSERT INTO audit_log (at, project_id, project, operator, operation, resource_type, resource, result, status, description,
                address, user_agent, request_id)
            VALUES ($1, COALESCE($2, (SELECT id FROM project WHERE name = $3)), $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                .integer(now), .optional(entry.projectID), Self.bounded(entry.project ?? ""), Self.bounded(entry.operator),
                Self.bounded(entry.operation), Self.bounded(entry.resourceType), Self.bounded(entry.resource),
                .integer(entry.succeeded ? 1 : 0), .integer(Int64(entry.status)), Self.bounded(entry.description),
                entry.address.map(Self.bounded) ?? .null, entry.userAgent.map(Self.bounded) ?? .null, .optional(entry.requestID),
            ])
    }

    private static func bounded(_ text: String) -> SQLValue {
        guard text.utf8.count > AuditEntry.longestText || text.utf8.contains(0) else { return .text(text) }
        return .text(String(text.replacing("\0", with: "\u{FFFD}").prefix(AuditEntry.longestText / 4)))
    }

    /// Looks up what the ids of a trail stand for, before its transaction changes that.
    func prepare(_ trail: AuditTrail) throws {
        let entry = trail.entry
        var projectID = entry.projectID
        var name = entry.project
        if let id = projectID, name == nil {
            name = try project(id)?.name
        } else if projectID == nil, let named = name {
            projectID = try project(named: named)?.id
        }
        var resource: String?
        if let id = Int64(entry.resource) {
            switch entry.resourceType {
            case "user": resource = try connection.row("SELECT name FROM account WHERE id = $1", [.integer(id)])?.text(0)
            case "robot": resource = try connection.row("SELECT name FROM robot WHERE id = $1", [.integer(id)])?.text(0)
            case "usergroup": resource = try connection.row("SELECT name FROM account_group WHERE id = $1", [.integer(id)])?.text(0)
            case "project": resource = try project(id)?.name
            default: break
            }
        }
        trail.suggest(resource, projectID: projectID, project: name)
    }

    /// Records what an event of the outbox tells of an artifact or a tag, or of a blob that is deleted.
    func audit(_ event: Event, count: Int) throws {
        guard let rules = notes.audit?.rules, !notes.isTrailed, let entry = Self.entry(event, notes, count),
            event.action != .pull || (rules.recordsPulls && !event.isLook)
        else { return }
        try audit(entry)
    }

    private static func entry(_ event: Event, _ notes: Notes, _ count: Int) -> AuditEntry? {
        let isBlob = event.mediaType == nil || event.mediaType == "application/octet-stream"
        let digest = event.digest?.description ?? ""
        let named = "\(event.repository)" + (event.tag.map { ":\($0)" } ?? "@\(digest)")
        let what: (operation: String, type: String)
        var description = event.tag == nil ? "" : digest
        switch event.action {
        case .push:
            guard !isBlob else { return nil }
            what = ("create", "artifact")
            if let tag = event.tag, let before = notes.tagsBefore[tag] {
                description += before.map { ", the tag was at \($0)" } ?? ", the tag is new"
            }
        case .pull:
            guard !isBlob else { return nil }
            what = ("pull", "artifact")
            if count > 1 { description += (description.isEmpty ? "" : ", ") + "\(count) times" }
        case .delete: what = ("delete", event.tag != nil ? "tag" : isBlob ? "blob" : "artifact")
        case .mount: return nil
        }
        var entry = AuditEntry(by: event.origin.actor ?? "anonymous", what.operation, what.type, named)
        entry.project = event.repository.project
        entry.description = description
        entry.address = event.origin.address
        entry.userAgent = event.origin.userAgent
        entry.requestID = event.origin.requestID
        return entry
    }

    /// Removes up to `limit` entries from before `cutoff`, the oldest first.
    ///
    /// - Parameter events: only those of these kinds, such as `pull_artifact`; all kinds when it is empty.
    /// - Returns: how many went.
    package func purgeAudit(before cutoff: Int64, events: Set<String> = [], limit: Int) throws -> Int {
        let old = Self.old(before: cutoff, events)
        let (sql, parameters) =
            (SQLFragment("DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE ") + old
            + SQLFragment(" ORDER BY at, id LIMIT ?)", [.integer(Int64(limit))])).numbered
        return try connection.run(sql, parameters)
    }

    /// How many entries ``purgeAudit(before:events:limit:)`` would remove without a limit.
    package func purgeableAudit(before cutoff: Int64, events: Set<String> = []) throws -> Int64 {
        try connection.row(SQLFragment("SELECT COUNT(*) FROM audit_log WHERE ") + Self.old(before: cutoff, events))?.integer(0) ?? 0
    }

    private static func old(before cutoff: Int64, _ events: Set<String>) -> SQLFragment {
        let old = SQLFragment("at < ?", [.integer(cutoff)])
        guard !events.isEmpty else { return old }
        let marks = events.map { _ in "?" }.joined(separator: ", ")
        return .all([old, SQLFragment("operation || '_' || resource_type IN (\(marks))", events.sorted().map(SQLValue.text))])
    }
}

extension MetadataStore {
    /// Records that somebody logged in or tried to.
    ///
    /// - Parameter how: by what, for people: `password`, `ldap`, `oidc`, `token`.
    package func recordLogin(
        of user: String, succeeded: Bool, how: String, address: String?, userAgent: String?, requestID: String?
    ) async throws {
        var entry = AuditEntry(by: user, "login", "user", user)
        entry.succeeded = succeeded
        entry.status = succeeded ? 200 : 401
        entry.description = succeeded ? "logged in by \(how)" : "failed to log in by \(how)"
        entry.address = address
        entry.userAgent = userAgent
        entry.requestID = requestID
        try await write { [entry] in try $0.audit(entry) }
    }
}
