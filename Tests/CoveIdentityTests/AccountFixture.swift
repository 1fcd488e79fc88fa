import TestSupport

@testable import CoveIdentity
@testable import CoveMetadata

/// Accounts in a store of a test's own: ann, who develops in `team`, a robot of it, and the administrator.
struct AccountFixture {
    static let password = "Harbor12345"

    let accounts: Accounts
    let service: TokenService
    let ann: Int64
    let team: Int64
    let open: Int64

    init(_ engine: (any SQLEngine)? = nil, lockout: Lockout = Lockout()) async throws {
        let metadata: MetadataStore
        if let engine { metadata = try await .open(engine) } else { metadata = try await .open(TestDatabase.engine()) }
        var options = Accounts.Options()
        options.lockout = lockout
        let accounts = Accounts(metadata: metadata, options: options)
        self.accounts = accounts
        _ = try await accounts.makeFirstAdministrator(password: Self.password)
        let hash = try await accounts.passwords.hash(Self.password)
        (ann, team, open) = try await accounts.change { store in
            let ann = try store.insert(
                ["name": "Ann", "name_key": "ann", "email": "ann@example.org", "password": .text(hash), "password_changed_at": .now],
                into: "account")
            let team = try store.insert(["name": "team", "is_public": 0], into: "project")
            let open = try store.insert(["name": "open", "is_public": 1], into: "project")
            _ = try store.insert(["project_id": .integer(team), "account_id": .integer(ann), "role": 2], into: "project_member")
            let robot = try store.insert(
                [
                    "name": "ci", "project_id": .integer(team), "secret": .text(hash), "duration": -1, "expires_at": -1,
                    "secret_changed_at": 1,
                ],
                into: "robot")
            try store.run(
                "INSERT INTO robot_permission (robot_id, kind, namespace, resource, action) VALUES ($1, 'project', 'team', 'repository', 'pull')",
                [.integer(robot)])
            return (ann, team, open)
        }
        let issuer = TokenIssuer(
            .init(issuer: "here", service: "registry", lifetime: .seconds(60), refreshLifetime: .seconds(3600)), metadata: metadata)
        service = TokenService(accounts: accounts, issuer: issuer)
    }

    func change(_ sql: String, _ values: [SQLValue] = []) async throws {
        try await accounts.change { try $0.run(sql, values) }
    }
}

extension MetadataTransaction {
    /// Puts a row into a table; times that are left out are now.
    func insert(_ values: KeyValuePairs<String, SQLValue>, into table: String) throws -> Int64 {
        let times = ["account", "project_member", "robot"].contains(table) ? ["created_at", "updated_at"] : ["created_at"]
        let all = values.map { ($0.key, $0.value) } + times.map { ($0, SQLValue.integer(.nowMicroseconds)) }
        let places = (1...all.count).map { "$\($0)" }.joined(separator: ", ")
        return try connection.row(
            "INSERT INTO \(table) (\(all.map(\.0).joined(separator: ", "))) VALUES (\(places)) RETURNING id", all.map(\.1))?.integer(0) ?? 0
    }

    func run(_ sql: String, _ values: [SQLValue]) throws { _ = try connection.run(sql, values) }
}

extension SQLValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    public init(stringLiteral text: String) { self = .text(text) }
    public init(integerLiteral number: Int64) { self = .integer(number) }
    static var now: SQLValue { .integer(.nowMicroseconds) }
}
