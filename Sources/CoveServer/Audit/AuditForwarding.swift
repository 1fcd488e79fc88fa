/// What is set for the audit log while the server runs (Harbor's `audit_log_forward_endpoint`, `skip_audit_log_database` and
/// `disabled_audit_log_event_types`).
struct AuditForwarding: Sendable, Equatable {
    /// Empty for nowhere.
    var endpoint = ""
    /// Whether what was forwarded is removed here.
    var skipsDatabase = false
    /// Kinds of events that are not recorded at all.
    var disabledEvents: Set<String> = []
}
