import CoveMetadata
import Foundation

/// Why somebody was not let in. It is not told which of the reasons it was.
package enum LoginRefusal: Error, Sendable, Equatable {
    /// There is no such user, the password is not theirs, they are disabled, or locked for a while.
    case wrong
    /// More log in than this node works off; to be tried again.
    case overloaded
}

extension Accounts {
    private static let longestName = 255
    private static let longestPassword = 1024
    /// One more than anybody has secrets.
    private static let checksOfRefusal = 3

    /// Who has this name and password: a user with a password, CLI secret or personal access token, or a robot with its secret.
    ///
    /// A refusal takes as long for who does not exist as for who does.
    ///
    /// - Throws: ``LoginRefusal``, ``MetadataError``, and what a directory throws.
    package func login(_ user: String, password: String) async throws -> Principal {
        guard !user.utf8.contains(0), !password.utf8.contains(0), user.utf8.count <= Self.longestName,
            password.utf8.count <= Self.longestPassword
        else { throw LoginRefusal.wrong }
        do {
            if user.hasPrefix(options.robotPrefix) { return try await loginRobot(user, password) }
            if let token = AccessToken(password) { return try await login(user, token) }
            return try await loginAccount(user, password)
        } catch is Passwords.Overload {
            throw LoginRefusal.overloaded
        }
    }

    private func loginAccount(_ user: String, _ password: String) async throws -> Principal {
        let found = try await memory.accounts.value(user.lowercased()) { try await metadata.read { try $0.accountCredentials(user) } }
        let now = Int64.nowMicroseconds
        var (checks, isRight) = (0, false)
        var secrets = [found?.password]
        if let secret = found?.cliSecret, found?.cliSecretExpiresAt.map({ $0 > now }) ?? true { secrets.append(secret) }
        // Whoever guesses on while the account is locked is not told by the time that a guess was right.
        let isBarred = found.map { $0.lockedUntil > now || $0.isDisabled } ?? false
        if isBarred { secrets = [] }
        if let known = secrets.compactMap({ $0 }).first(where: { passwords.isKnown(password, for: $0) }) { secrets = [known] }
        for hash in secrets where !isRight {
            checks += 1
            isRight = try await passwords.verify(password, against: hash)
        }
        if !isRight, found.map({ $0.source == "ldap" }) ?? true, !isBarred {
            for directory in directories {
                if let id = try await directory.account(user, password: password), let account = try await account(id) { return account }
            }
        }
        guard isRight, let found else {
            let counted = found.flatMap { $0.lockedUntil <= now ? $0 : nil }
            async let count: Void = countFailure(of: counted, as: user)
            // As many for who has no CLI secret, and for who does not exist; behind the last the counting hides.
            while checks < Self.checksOfRefusal {
                checks += 1
                _ = try await passwords.verify(password, against: nil)
            }
            try await count
            throw LoginRefusal.wrong
        }
        if found.failures > 0 {
            try await metadata.write { try $0.unlock(account: found.id) }
            memory.accounts.forget(user.lowercased())
        }
        return Principal(.account(found.id), name: found.name)
    }

    private func countFailure(of account: AccountCredentials?, as user: String) async throws {
        guard let account else { return }
        let lockout = options.lockout
        try await metadata.write { store in
            let failures = try store.noteFailure(of: account.id)
            if let time = lockout.time(after: failures) { try store.lock(account: account.id, for: time) }
        }
        memory.accounts.forget(user.lowercased())
    }

    /// Nil for who is not there or disabled.
    private func account(_ id: Int64) async throws -> Principal? {
        guard let account = try await metadata.read({ try $0.accountName(id) }), !account.isDisabled else { return nil }
        return Principal(.account(id), name: account.name)
    }

    private func login(_ user: String, _ token: AccessToken) async throws -> Principal {
        let hash = token.hash
        let record = try await metadata.read { try $0.accessToken(hash) }
        let now = Int64.nowMicroseconds
        guard let record, !record.isDisabled, record.expiresAt.map({ $0 > now }) ?? true,
            record.accountName.lowercased() == user.lowercased()
        else { throw LoginRefusal.wrong }
        if record.usedAt.map({ now - $0 > 60_000_000 }) ?? true {
            try await metadata.write { try $0.noteUse(ofAccessToken: record.id) }
        }
        return Principal(.account(record.accountID), name: record.accountName)
    }

    private func loginRobot(_ name: String, _ secret: String) async throws -> Principal {
        let robot = try await robot(name)
        let isRight = try await passwords.verify(secret, against: robot?.secret)
        guard let robot, isRight, !robot.isDisabled, robot.expiresAt == -1 || robot.expiresAt > .nowMicroseconds else {
            throw LoginRefusal.wrong
        }
        return Principal(.robot(robot.id), name: name)
    }

    /// - Parameter name: with its prefix, and its project: `robot$team+ci`.
    func robot(_ name: String) async throws -> RobotCredentials? {
        let bare = name.dropFirst(options.robotPrefix.count)
        return try await memory.robots.value(name) {
            try await metadata.read { store in
                guard let plus = bare.firstIndex(of: "+") else { return try store.robotCredentials(String(bare), project: nil) }
                return try store.robotCredentials(String(bare[bare.index(after: plus)...]), project: String(bare[..<plus]))
            }
        }
    }
}
