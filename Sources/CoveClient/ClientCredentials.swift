import Foundation

/// With whose name a registry is asked.
package enum ClientCredentials: Sendable {
    case anonymous
    case password(Login)
    case helper(CredentialHelper)

    /// The login to use now; nil for none.
    ///
    /// - Parameter refused: one that was not taken. A helper may have another by now.
    /// - Throws: ``ClientError/login(_:)`` when the helper does not give one.
    func login(unless refused: Login? = nil) async throws(ClientError) -> Login? {
        switch self {
        case .anonymous: nil
        case .password(let login): login
        case .helper(let helper): try await helper.login(unless: refused)
        }
    }
}

/// A user name and a password. Not printed.
package struct Login: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let user: String
    package let password: String

    package init(user: String, password: String) {
        self.user = user
        self.password = password
    }

    package var description: String { "a login" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }

    /// `Authorization: Basic …` (RFC 7617).
    package var basic: String { "Basic " + Data("\(user):\(password)".utf8).base64EncodedString() }
}
