/// The keys of what projects are told and of what is recorded: `webhooks` and `audit`.
extension ConfigurationKey {
    static let webhooks: [ConfigurationKey] = [
        .acts(
            "webhooks.allow", .texts, "",
            "Receivers of projects' webhooks that may be reached although they are on this machine or in a private network: addresses, networks such as 10.0.0.0/8, host names, each with :port if it is meant for one port. Others are refused. (Cove)"
        ),
        .acts(
            "webhooks.maxretry", .integer, "3",
            "How often a delivery that failed is tried again: notification.webhook_job_max_retry of harbor.yml. (Cove)"),
        .acts(
            "webhooks.backoff", .duration, "15s",
            "Time between the first failure of a delivery and the next try; it doubles with each. (Cove)"),
        .acts(
            "webhooks.timeout", .duration, "3s",
            "Longest that a try may take: notification.webhook_job_http_client_timeout of harbor.yml. (Cove)"),
    ]

    static let audit: [ConfigurationKey] = [
        .acts("audit.pulls", .boolean, "false", "Whether the audit log has each pull of an artifact, beside every change. (Cove)"),
        .acts(
            "audit.syslogca", .text, "",
            "PEM file of the authorities that vouch for a syslog server to which the audit log is forwarded over TLS. Otherwise those of the system. (Cove)"
        ),
    ]
}
