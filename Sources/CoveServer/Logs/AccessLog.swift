import HTTPTypes

/// One line a request: who asked for what, how it ended, and what it cost. Queries are left out, as they may carry
/// secrets; so are all headers but the client's name.
struct AccessLog: Sendable {
    let sink: LogSink
    let format: LogFormat
    /// `log.fields`: on every line.
    let fields: [(String, String)]

    func record(
        _ exchange: Exchange, _ status: HTTPResponse.Status, bytes: Int, started: ContinuousClock.Instant, aborted: Bool
    ) {
        let elapsed = (ContinuousClock.now - started).components
        var line = LogLine(format, level: status.code >= 500 ? "error" : "info", message: aborted ? "request aborted" : "request")
        line.add("request_id", exchange.requestID)
        line.add("method", exchange.method.rawValue)
        line.add("path", String(exchange.path.prefix(1024)))
        line.add("status", status.code)
        line.add("bytes", bytes)
        if exchange.traffic.received > 0 { line.add("bytes_in", exchange.traffic.received) }
        line.add("duration_us", Int(elapsed.seconds * 1_000_000 + elapsed.attoseconds / 1_000_000_000_000))
        if let user = exchange.user { line.add("user", user) }
        if let repository = exchange.repository { line.add("repository", String(repository.prefix(255))) }
        if let address = exchange.clientAddress { line.add("remote", address) }
        if let agent = exchange.headers[.userAgent] { line.add("agent", String(agent.prefix(256))) }
        for (key, value) in fields { line.add(key, value) }
        sink.write(line.finished())
    }
}
