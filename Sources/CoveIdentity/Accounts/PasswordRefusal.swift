/// Why something may not be a password, in words for who chose it.
package enum PasswordRefusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// - Parameter length: in characters.
    case length(Int)
    case lacksKind
    case unspeakable

    package var description: String {
        switch self {
        case .length(let length): "a password has 8 to 128 characters, not \(length)"
        case .lacksKind: "a password has at least one upper-case letter, one lower-case letter and one digit"
        case .unspeakable: "a password has no control characters"
        }
    }
}
