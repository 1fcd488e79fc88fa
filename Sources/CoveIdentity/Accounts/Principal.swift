/// Who makes a request.
package struct Principal: Sendable, Hashable {
    package enum Identity: Sendable, Hashable {
        /// Nobody in particular.
        case anonymous
        /// A user; the row of `account`.
        case account(Int64)
        /// A robot; the row of `robot`.
        case robot(Int64)
    }

    package let identity: Identity
    /// As people see it: `alice`, `robot$team+ci`; `anonymous` for nobody.
    package let name: String

    package init(_ identity: Identity, name: String) {
        self.identity = identity
        self.name = name
    }

    package static let anonymous = Principal(.anonymous, name: "anonymous")

    package var isAnonymous: Bool { identity == .anonymous }

    package var accountID: Int64? {
        guard case .account(let id) = identity else { return nil }
        return id
    }
}
