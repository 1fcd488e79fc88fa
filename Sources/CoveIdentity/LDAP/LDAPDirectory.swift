import Crypto
import Foundation
import NIOPosix

/// A person in a directory.
package struct LDAPPerson: Sendable, Equatable {
    package let dn: String
    package let uid: String
    package let realName: String
    package let email: String?
    package var groups: [LDAPGroup] = []
}

package struct LDAPGroup: Sendable, Hashable {
    /// As it is compared: ``LDAPName/normalized(_:)``.
    package let dn: String
    package let name: String
}

/// Asks a directory, on threads of its own: one that does not answer must not keep what has nothing to do with it.
package final class LDAPDirectory: Sendable {
    private static let threads = 4
    private static let mostWaiting = 200
    private static let mostResults: Int32 = 500
    /// Groups of groups, and groups of a person.
    private static let deepest = 10
    private static let mostGroups = 1000

    private let threadPool: NIOThreadPool
    private let gate = JobGate(running: threads, waiting: mostWaiting)

    package init() {
        threadPool = NIOThreadPool(numberOfThreads: Self.threads)
        threadPool.start()
    }

    deinit { threadPool.shutdownGracefully { _ in } }

    // MARK: - Questions

    /// Connects and logs in as who searches.
    ///
    /// - Throws: ``LDAPError``.
    package func ping(_ options: LDAPOptions) async throws(LDAPError) {
        try await run { () throws(LDAPError) in _ = try Self.searcher(options) }
    }

    /// The person with this name and password, with groups; nil for a wrong one.
    ///
    /// - Throws: ``LDAPError``.
    package func authenticate(_ user: String, password: String, _ options: LDAPOptions) async throws(LDAPError) -> LDAPPerson? {
        guard !user.isEmpty, !password.isEmpty else { return nil }
        return try await run { () throws(LDAPError) in
            let searcher = try Self.searcher(options)
            let found = try Self.people(user, searcher, options)
            let entry = found.count == 1 ? found[0] : nil
            // Of who is not there the directory is asked as well, so that the time does not tell.
            let dn = entry?.dn ?? "cn=\(UInt64.random(in: .min ... .max)),\(options.baseDN)"
            do throws(LDAPError) {
                try LDAPConnection(options).bind(dn, password: password)
            } catch {
                if case .unreachable = error { throw error }
                return nil
            }
            guard let entry else { return nil }
            var person = Self.person(entry, options)
            person.groups = try Self.groups(of: entry, searcher, options)
            return person
        }
    }

    /// Who has this name; everybody, up to a limit, without one.
    ///
    /// - Throws: ``LDAPError``.
    package func people(named user: String?, _ options: LDAPOptions) async throws(LDAPError) -> [LDAPPerson] {
        try await run { () throws(LDAPError) in
            try Self.people(user, Self.searcher(options), options).map { Self.person($0, options) }
        }
    }

    /// The person with this name, with groups; nil when it is not one.
    ///
    /// - Throws: ``LDAPError``.
    package func person(named user: String, _ options: LDAPOptions) async throws(LDAPError) -> LDAPPerson? {
        try await run { () throws(LDAPError) in
            let searcher = try Self.searcher(options)
            let found = try Self.people(user, searcher, options)
            guard found.count == 1 else { return nil }
            var person = Self.person(found[0], options)
            person.groups = try Self.groups(of: found[0], searcher, options)
            return person
        }
    }

    /// - Parameter name: a part of it; nil for any.
    /// - Throws: ``LDAPError``.
    package func groups(named name: String?, _ options: LDAPOptions) async throws(LDAPError) -> [LDAPGroup] {
        try await run { () throws(LDAPError) in
            let filter = name.map { LDAPFilter.contains(options.groupName, $0) } ?? LDAPFilter.present(options.groupName)
            return try Self.searcher(options).search(
                options.groupBaseDN.isEmpty ? options.baseDN : options.groupBaseDN, options.groupScope,
                LDAPFilter.all([options.groupFilter, filter]), [options.groupName], limit: Self.mostResults
            ).compactMap { Self.group($0, options) }
        }
    }

    /// - Throws: ``LDAPError``.
    package func group(at dn: String, _ options: LDAPOptions) async throws(LDAPError) -> LDAPGroup? {
        try await run { () throws(LDAPError) in
            try Self.searcher(options).search(
                dn, .base, LDAPFilter.all([options.groupFilter, LDAPFilter.present("objectClass")]), [options.groupName], limit: 1
            ).first.flatMap { Self.group($0, options) }
        }
    }

    // MARK: - On a thread

    private func run<T: Sendable>(_ body: @escaping @Sendable () throws(LDAPError) -> T) async throws(LDAPError) -> T {
        let threadPool = self.threadPool
        let outcome = await gate.run { () async -> Result<T, LDAPError> in
            let result = try? await threadPool.runIfActive { () -> Result<T, LDAPError> in
                do throws(LDAPError) { return .success(try body()) } catch { return .failure(error) }
            }
            return result ?? .failure(.unreachable("the server is stopping"))
        }
        guard let outcome else { throw .overloaded }
        return try outcome.get()
    }

    private static func searcher(_ options: LDAPOptions) throws(LDAPError) -> LDAPConnection {
        let connection = try LDAPConnection(options)
        if !options.searchDN.isEmpty, options.searchPassword.isEmpty { throw absence(of: options, connection) }
        do throws(LDAPError) {
            try connection.bind(options.searchDN, password: options.searchPassword)
        } catch {
            guard case .invalidCredentials = error else { throw error }
            throw .misconfigured("ldap_search_dn: the LDAP server does not accept this name with its password (ldap_search_password)")
        }
        return connection
    }

    /// Why nobody searches where a name has no password; that nothing answers there comes first.
    private static func absence(of options: LDAPOptions, _ connection: LDAPConnection) -> LDAPError {
        do throws(LDAPError) {
            try connection.bind("", password: "")
        } catch {
            if case .unreachable = error { return error }
        }
        return .misconfigured(
            "ldap_search_password: it is missing for '\(options.searchDN.prefix(120))' (ldap_search_dn); one that is set goes only to the server that is set (ldap_url)"
        )
    }

    private static func people(_ user: String?, _ searcher: LDAPConnection, _ options: LDAPOptions) throws(LDAPError) -> [LDAPEntry] {
        let filter = user.map { LDAPFilter.equal(options.uid, $0) } ?? LDAPFilter.present(options.uid)
        return try searcher.search(
            options.baseDN, options.scope, LDAPFilter.all([options.filter, filter]),
            [options.uid, "cn", "displayName", "mail", "email", options.membership], limit: user == nil ? mostResults : 2)
    }

    private static func person(_ entry: LDAPEntry, _ options: LDAPOptions) -> LDAPPerson {
        LDAPPerson(
            dn: entry.dn, uid: entry.first(options.uid) ?? "", realName: entry.first("displayName") ?? entry.first("cn") ?? "",
            email: entry.first("mail") ?? entry.first("email"))
    }

    private static func group(_ entry: LDAPEntry, _ options: LDAPOptions) -> LDAPGroup? {
        guard let dn = LDAPName.normalized(entry.dn), let name = entry.first(options.groupName) else { return nil }
        return LDAPGroup(dn: dn, name: name)
    }

    /// All groups that somebody is in, those of groups among them: what the person's entry and the groups' say they are members
    /// of, and what groups say of their members.
    private static func groups(
        of entry: LDAPEntry, _ searcher: LDAPConnection, _ options: LDAPOptions
    ) throws(LDAPError) -> [LDAPGroup] {
        let base = LDAPName.normalized(options.groupBaseDN)
        let attributes = [options.groupName, options.membership]
        var found: [String: LDAPGroup] = [:]
        var seen: Set<String> = []
        var members = [(dn: entry.dn, said: entry.values(options.membership))]
        for level in 0..<deepest where !members.isEmpty && found.count < mostGroups {
            var entries: [LDAPEntry] = []
            if !options.groupBaseDN.isEmpty {
                for batch in stride(from: 0, to: members.count, by: 50) {
                    let dns = members[batch..<min(batch + 50, members.count)].map(\.dn)
                    var holds = dns.flatMap { [LDAPFilter.equal("member", $0), LDAPFilter.equal("uniqueMember", $0)] }
                    if level == 0, let uid = entry.first(options.uid) { holds.append(LDAPFilter.equal("memberUid", uid)) }
                    entries += try searcher.search(
                        options.groupBaseDN, options.groupScope, LDAPFilter.all([options.groupFilter, LDAPFilter.any(holds)]), attributes,
                        limit: Int32(mostGroups))
                }
            }
            let known = Set(entries.compactMap { LDAPName.normalized($0.dn) })
            for dn in members.flatMap(\.said).prefix(mostGroups) {
                guard let name = LDAPName.normalized(dn), !known.contains(name), !seen.contains(name) else { continue }
                if let base, !LDAPName.isWithin(name, base) { continue }
                entries += try searcher.search(
                    dn, .base, LDAPFilter.all([options.groupFilter, LDAPFilter.present("objectClass")]), attributes, limit: 1)
            }
            members = []
            for entry in entries {
                guard let group = group(entry, options), seen.insert(group.dn).inserted else { continue }
                found[group.dn] = group
                members.append((entry.dn, entry.values(options.membership)))
            }
        }
        return found.values.sorted { $0.dn < $1.dn }
    }
}
