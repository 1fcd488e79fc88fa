import Logging
import TestSupport
import Testing

@testable import CoveRedis

extension Trait where Self == ConditionTrait {
    /// Skips where no Redis can be started.
    static var needsRedis: Self { .enabled(if: RedisServer.binary != nil, "\(RedisServer.absence)") }
}

/// What was logged.
struct LogRecorder: LogHandler {
    let lines = Shared<[String]>([])
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        lines.change { $0.append("\(event.level) \(event.message) \(event.metadata?["error"]?.description ?? "")") }
    }

    var logger: Logger { Logger(label: "test") { _ in self } }
}

extension RedisServer {
    var address: RedisAddress { RedisAddress(host: "127.0.0.1", port: port) }

    /// Patient, as the machine may be busy.
    func options(_ change: (inout RedisOptions) -> Void = { _ in }) -> RedisOptions {
        var options = RedisOptions(.servers([address]))
        options.dialTimeout = .seconds(5)
        options.readTimeout = .seconds(2)
        options.writeTimeout = .seconds(2)
        change(&options)
        return options
    }

    func client(_ log: LogRecorder = LogRecorder(), _ change: (inout RedisOptions) -> Void = { _ in }) throws -> RedisClient {
        try RedisClient(options(change), logger: log.logger)
    }
}

/// The error that `body` throws.
func failure(_ body: () async throws(RedisError) -> Void) async -> RedisError? {
    do throws(RedisError) {
        try await body()
        return nil
    } catch {
        return error
    }
}

/// Waits until `condition` holds.
func eventually(within limit: Duration = .seconds(20), _ condition: () async -> Bool) async throws -> Bool {
    let end = ContinuousClock.now + limit
    while ContinuousClock.now < end {
        if await condition() { return true }
        try await Task.sleep(for: .milliseconds(20))
    }
    return false
}

extension RedisClient {
    func value(_ key: String) async throws -> String? {
        try await get(key).map { String(decoding: $0, as: UTF8.self) }
    }

    func answers() async -> Bool {
        await failure { () throws(RedisError) in try await ping() } == nil
    }
}
