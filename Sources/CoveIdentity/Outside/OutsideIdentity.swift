import CoveMetadata

/// Somebody as a directory or an identity provider knows them.
package struct OutsideIdentity: Sendable, Equatable, Codable {
    package enum Source: String, Sendable, Codable {
        case ldap, oidc

        /// The groups' type, as Harbor numbers them.
        var groupType: Int64 {
            switch self {
            case .ldap: 1
            case .oidc: 3
            }
        }
    }

    package struct Group: Sendable, Equatable, Codable {
        package let name: String
        /// Of a directory, normalized; else empty.
        package let dn: String

        package init(name: String, dn: String = "") {
            self.name = name
            self.dn = dn
        }
    }

    package let source: Source
    /// By which the source knows them, whatever their name becomes.
    package let subject: String
    /// What they are called there; not always what they can be called here.
    package let name: String
    package let email: String?
    package let fullName: String
    package let groups: [Group]
    /// Whether a group makes them an administrator.
    package let isAdministrator: Bool

    package init(
        source: Source, subject: String, name: String, email: String?, fullName: String, groups: [Group], isAdministrator: Bool
    ) {
        self.source = source
        self.subject = subject
        self.name = name
        self.email = email
        self.fullName = fullName
        self.groups = groups
        self.isAdministrator = isAdministrator
    }
}

/// Why somebody gets no account, in words for them.
package enum OnboardingRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    case nameTaken(String)
    case badName(String)
    /// They have an account, which is disabled.
    case disabled

    package var description: String {
        switch self {
        case .nameTaken(let name): "the name '\(name)' is another user's; choose another"
        case .badName(let reason): "username: \(reason)"
        case .disabled: "the account is disabled; ask an administrator"
        }
    }
}
