/// `audit`: what the audit log has beside every change.
package struct AuditSettings: Sendable, Equatable {
    /// Whether each pull of an artifact is recorded.
    package var pulls = false
    /// Certificates of authorities (PEM) that vouch for a syslog server over TLS; nil for those of the system.
    package var syslogCA: String?

    package init() {}

    init(_ reader: inout SettingReader) {
        pulls = reader.boolean("audit.pulls") ?? false
        syslogCA = reader.nonEmptyText("audit.syslogca")
    }

    var rendered: RenderedValue {
        var pairs: [(String, RenderedValue)] = [("pulls", .flag(pulls))]
        if let syslogCA { pairs.append(("syslogca", .text(syslogCA))) }
        return .map(pairs)
    }
}
