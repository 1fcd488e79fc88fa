import CoveMetadata

extension Accounts {
    package static let administratorName = "admin"

    /// Makes the administrator of a store that has no accounts yet. Of nodes that start at once, one does.
    ///
    /// - Parameter password: nil: one is made up.
    /// - Returns: the password that was made up, to be told to who starts the server; nil when there is nothing to tell.
    /// - Throws: ``PasswordRefusal`` for a password that breaks the rules.
    package func makeFirstAdministrator(password: String?) async throws -> String? {
        guard try await metadata.read({ try !$0.hasAccounts() }) else { return nil }
        if let password { try Passwords.check(password) }
        let chosen = password ?? Passwords.generate()
        let hash = try await passwords.hash(chosen)
        let isMade = try await change { try $0.insertFirstAdministrator(Self.administratorName, password: hash) }
        return isMade && password == nil ? chosen : nil
    }
}
