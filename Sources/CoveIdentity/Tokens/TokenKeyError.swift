/// Why a file of keys cannot be used. Never holds a key.
package struct TokenKeyError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Which of the two files it is.
    package enum Source: Sendable {
        case certificates, keySet
    }

    package let source: Source
    package let path: String
    package let reason: String

    package var description: String { "cannot use '\(path)': \(reason)" }
}
