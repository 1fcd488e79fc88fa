/// The keys of health checks, of the debug address and of what belongs to running a node.
extension ConfigurationKey {
    static let health: [ConfigurationKey] = [
        .acts("health.storagedriver.enabled", .boolean, "true", "Whether /readyz depends on regular checks of the storage."),
        .acts("health.storagedriver.interval", .duration, "10s", "Time between two checks."),
        .acts("health.storagedriver.threshold", .integer, "3", "Failed checks in a row that make the node not ready."),
        .acts(
            "health.file.[].file", .text, "",
            "A file whose existence takes the node out of service: every request of the API is answered 503, and /readyz turns."),
        .acts("health.file.[].interval", .duration, "10s", "Time between two looks."),
        .acts("health.file.[].threshold", .integer, "1", "Looks in a row that find it before that counts."),
        .acts(
            "health.http.[].uri", .text, "",
            "A URL that is asked with HEAD; while it does not answer as expected, the node is out of service."),
        .acts("health.http.[].headers.*", .texts, "", "Headers sent with it."),
        .acts("health.http.[].statuscode", .integer, "200", "The status that is expected."),
        .acts("health.http.[].timeout", .duration, "5s", "Longest that an answer may take; 0 for the time between two checks."),
        .acts("health.http.[].interval", .duration, "10s", "Time between two checks."),
        .acts("health.http.[].threshold", .integer, "1", "Failed checks in a row before they count."),
        .acts(
            "health.tcp.[].addr", .text, "",
            "host:port that must accept connections; while it does not, the node is out of service."),
        .acts("health.tcp.[].timeout", .duration, "5s", "Longest that connecting may take; 0 for the time between two checks."),
        .acts("health.tcp.[].interval", .duration, "10s", "Time between two checks."),
        .acts("health.tcp.[].threshold", .integer, "1", "Failed checks in a row before they count."),
    ]

    static let debug: [ConfigurationKey] = [
        .acts(
            "http.debug.addr", .text, "",
            "Address for /debug/health, /debug/vars, /healthz, /readyz and metrics. Whoever reaches it may read them: keep it private."),
        .acts("http.debug.prometheus.enabled", .boolean, "false", "Whether metrics are given there, in Prometheus's format."),
        .acts("http.debug.prometheus.path", .text, "/metrics", "Their path."),
        .acts(
            "http.h2c.enabled", .boolean, "false",
            "Whether HTTP/2 is spoken without TLS to clients that begin with it, as load balancers do (prior knowledge)."),
    ]
}
