/// Why a password file cannot be used or a line for one cannot be made. Never holds a password or a hash.
package enum HTPasswdError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The file is missing, too large, or cannot be read.
    case unreadable(path: String, reason: String)
    /// - Parameter number: counted from 1.
    case badLine(path: String, number: Int, problem: String)
    /// A user, password or cost that no line can hold.
    case unusable(String)

    package var description: String {
        switch self {
        case .unreadable(let path, let reason): "cannot read the password file '\(path)': \(reason)"
        case .badLine(let path, let number, let problem): "\(path), line \(number): \(problem)"
        case .unusable(let problem): problem
        }
    }
}
