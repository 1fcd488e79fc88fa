import CoveConfiguration
import CoveIdentity
import CoveMetadata
import Foundation
import ServiceLifecycle

extension Configuration {
    /// What is recorded in the audit log; nil without accounts, where nobody has a name.
    var auditPolicy: AuditPolicy? {
        guard case .accounts = auth else { return nil }
        var rules = AuditPolicy.Rules()
        rules.recordsPulls = audit.pulls
        return AuditPolicy(rules)
    }
}

extension Platform {
    /// What passes on what was recorded.
    func forwarders(_ configuration: Configuration) -> [any Service] {
        [
            AuditForwarder(
                metadata: metadata, setting: { [settings] in AuditForwarding(settings) }, authorities: configuration.audit.syslogCA,
                host: ProcessInfo.processInfo.hostName, logger: logger)
        ]
    }
}

extension AuditForwarding {
    init(_ settings: Settings) {
        endpoint = settings.string(.auditLogForwardEndpoint)
        skipsDatabase = settings.boolean(.skipAuditLogDatabase)
        disabledEvents = Set(
            settings.string(.disabledAuditLogEventTypes).split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) })
    }
}
