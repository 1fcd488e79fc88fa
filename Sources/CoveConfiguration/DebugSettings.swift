extension Configuration {
    /// `http.debug`: a listener of its own for whoever watches the node.
    package struct Debug: Sendable, Equatable {
        package var addr: String
        /// Where the metrics are; nil when they are not given.
        package var metricsPath: String?
    }
}

extension Configuration.Debug {
    /// - Returns: nil without an address.
    init?(_ reader: inout SettingReader) {
        let isEnabled = reader.boolean("http.debug.prometheus.enabled") ?? false
        let path = reader.nonEmptyText("http.debug.prometheus.path") ?? "/metrics"
        if !path.hasPrefix("/") || path.contains("?") {
            reader.refuse("'http.debug.prometheus.path' must be a path such as /metrics, not '\(path.prefix(60))'")
        }
        guard let addr = reader.nonEmptyText("http.debug.addr") else {
            if isEnabled { reader.warn("'http.debug.prometheus' gives nothing, as 'http.debug.addr' is missing") }
            return nil
        }
        Configuration.checkAddress(addr, .tcp, "http.debug.addr", &reader)
        self.init(addr: addr, metricsPath: isEnabled ? path : nil)
    }

    var rendered: RenderedValue {
        var prometheus: [(String, RenderedValue)] = [("enabled", .flag(metricsPath != nil))]
        if let metricsPath { prometheus.append(("path", .text(metricsPath))) }
        return .map([("addr", .text(addr)), ("prometheus", .map(prometheus))])
    }
}
