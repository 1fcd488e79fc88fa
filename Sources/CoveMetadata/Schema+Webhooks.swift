extension Schema {
    /// Whom a project tells of what happens in it, and what came of that.
    static let webhooks: [String] = []
}
