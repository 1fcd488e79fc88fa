import Logging

/// swift-log's way into a ``LogSink``.
struct SinkLogHandler: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    let sink: LogSink
    let format: LogFormat

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = LogLine(format, level: Self.name(of: event.level), message: event.message.description)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { line.add(key, "\(value)") }
        for (key, value) in (event.metadata ?? [:]).sorted(by: { $0.key < $1.key }) { line.add(key, "\(value)") }
        sink.write(line.finished(), urgently: event.level >= .warning)
    }

    private static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "debug"
        case .info, .notice: "info"
        case .warning: "warn"
        case .error, .critical: "error"
        }
    }
}
