/// Tokens by scope, each fetched once for all who need it and used until shortly before it ends.
actor TokenStore {
    struct Token: Sendable {
        let text: String
        let until: ContinuousClock.Instant
    }

    /// Scopes beyond this many make room for new ones: a mirror sees as many as repositories are pulled.
    private static let most = 10_000

    private var tokens: [String: Token] = [:]
    private var fetches: [String: Task<Result<Token, ClientError>, Never>] = [:]

    /// - Parameters:
    ///   - stale: a token that the registry did not take, not to be given again.
    ///   - fetch: asks the token service.
    func token(
        for scope: String, unless stale: String?, _ fetch: @escaping @Sendable () async throws(ClientError) -> Token
    ) async throws(ClientError) -> String {
        if let token = tokens[scope], token.until > .now, token.text != stale { return token.text }
        if let running = fetches[scope] { return try await running.value.get().text }
        // Not this request's own task: when its client goes away, others may be waiting.
        let task = Task { () -> Result<Token, ClientError> in
            do throws(ClientError) { return .success(try await fetch()) } catch { return .failure(error) }
        }
        fetches[scope] = task
        let result = await task.value
        fetches[scope] = nil
        let token = try result.get()
        if tokens.count >= Self.most { tokens = tokens.filter { $0.value.until > .now } }
        if tokens.count >= Self.most { tokens = [:] }
        tokens[scope] = token
        return token.text
    }
}
