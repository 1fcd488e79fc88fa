import CoveMetadata

extension Accounts {
    /// The account of somebody, with name, address and groups as the source has them now; nil for who has none yet.
    ///
    /// - Throws: ``OnboardingRefusal/disabled``, `MetadataError`.
    package func refresh(_ identity: OutsideIdentity) async throws -> Principal? {
        let found = try await metadata.write { store -> (Principal, hasChanged: Bool)? in
            guard let account = try store.account(of: identity) else { return nil }
            guard !account.isDisabled else { throw OnboardingRefusal.disabled }
            let hasChanged = try store.refresh(account, identity)
            if hasChanged { try store.raiseRightsRevision() }
            return (Principal(.account(account.id), name: account.name), hasChanged)
        }
        if let found, found.hasChanged { memory.forget() }
        return found?.0
    }

    /// Makes an account for somebody who has none.
    ///
    /// - Parameter name: what they are to be called here.
    /// - Throws: ``OnboardingRefusal``, `MetadataError`.
    package func onboard(_ identity: OutsideIdentity, as name: String) async throws -> Principal {
        if let reason = Self.problem(ofName: name, robotPrefix: options.robotPrefix) { throw OnboardingRefusal.badName(reason) }
        return try await change { store in
            if let known = try store.account(of: identity) {
                guard !known.isDisabled else { throw OnboardingRefusal.disabled }
                _ = try store.refresh(known, identity)
                return Principal(.account(known.id), name: known.name)
            }
            let made = try store.insertOutsideAccount(
                named: name, source: identity.source.rawValue, subject: identity.subject, email: identity.email,
                fullName: identity.fullName)
            guard let made, let account = try store.outsideAccount(made) else { throw OnboardingRefusal.nameTaken(name) }
            _ = try store.refresh(account, identity)
            return Principal(.account(made), name: name)
        }
    }

    /// Why nobody can be called so; nil when one can.
    static func problem(ofName name: String, robotPrefix: String) -> String? {
        if !(1...255).contains(name.utf8.count) { return "a name has 1 to 255 bytes" }
        if name.hasPrefix(robotPrefix) { return "names that begin with '\(robotPrefix)' are robots'" }
        if name.lowercased() == Principal.anonymous.name { return "'\(name)' is what nobody in particular is called" }
        // As Harbor has it, and what would end a name elsewhere.
        let bad = name.unicodeScalars.first {
            ",\"~#%$:/\\".unicodeScalars.contains($0) || $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F
        }
        return bad.map { "'\($0)' cannot be part of a name" }
    }
}

extension MetadataTransaction {
    fileprivate func account(of identity: OutsideIdentity) throws -> OutsideAccount? {
        if let known = try outsideAccount(source: identity.source.rawValue, subject: identity.subject) { return known }
        // Whom the directory has moved to another place keeps the account; a provider's subject never changes.
        guard identity.source == .ldap, let named = try outsideAccount(named: identity.name), named.source == identity.source.rawValue
        else { return nil }
        return named
    }

    /// - Returns: whether rights may have changed.
    fileprivate func refresh(_ account: OutsideAccount, _ identity: OutsideIdentity) throws -> Bool {
        if account.subject != identity.subject || account.email != identity.email || account.fullName != identity.fullName {
            try updateOutsideAccount(account.id, subject: identity.subject, email: identity.email, fullName: identity.fullName)
        }
        let type = identity.source.groupType
        let before = try groups(of: account.id, type: type)
        let now = Set(try identity.groups.map { try ensureGroup(named: $0.name, type: type, dn: $0.dn) })
        for group in now.subtracting(before) { try join(account.id, group: group) }
        for group in before.subtracting(now) { try leave(account.id, group: group) }
        var hasChanged = before != now
        // Who was made an administrator by hand stays one.
        if identity.isAdministrator, !account.isAdministrator {
            try setGroupAdministrator(account.id, true)
            hasChanged = true
        } else if !identity.isAdministrator, account.isAdministrator, try isGroupAdministrator(account.id),
            // The last one stays, or nobody could set it right.
            try lockedAdministrators() != [account.id]
        {
            try setGroupAdministrator(account.id, false)
            hasChanged = true
        }
        return hasChanged
    }
}
