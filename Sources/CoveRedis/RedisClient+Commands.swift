extension RedisClient {
    /// The value of a key; nil when there is none.
    package func get(_ key: String) async throws(RedisError) -> [UInt8]? {
        guard case .bytes(let bytes) = try await send(RedisCommand("GET", key)) else { return nil }
        return bytes
    }

    /// Sets a key, which is forgotten after a while.
    ///
    /// - Parameter onlyIfAbsent: leave a value that is there.
    /// - Returns: whether the value is the key's now.
    @discardableResult
    package func set(
        _ key: String, to value: String, lifetime: Duration, onlyIfAbsent: Bool = false
    ) async throws(RedisError) -> Bool {
        let words = ["SET", key, value, "EX", "\(lifetime.components.seconds)"] + (onlyIfAbsent ? ["NX"] : [])
        return try await send(RedisCommand(words)) == .status("OK")
    }

    package func delete(_ key: String) async throws(RedisError) {
        _ = try await send(RedisCommand("DEL", key))
    }

    /// Whether Redis answers.
    package func ping() async throws(RedisError) {
        _ = try await send(RedisCommand("PING"))
    }
}
