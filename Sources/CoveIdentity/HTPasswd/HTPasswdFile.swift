import Foundation

/// What a password file says: lines of `user:hash`, blank lines, and comments that begin with `#`.
struct HTPasswdFile: Sendable {
    private static let largest: Int64 = 16 * 1024 * 1024

    let hashes: [String: String]
    /// The cost that most users' hashes have; what an unknown user costs.
    let usualCost: Int

    /// A file without a line.
    static let nobody = HTPasswdFile()

    private init() {
        hashes = [:]
        usualCost = 10
    }

    /// Reads a file. Blocks.
    static func read(_ path: String) throws(HTPasswdError) -> HTPasswdFile {
        guard let stamp = FileStamp(path) else { throw .unreadable(path: path, reason: "there is no such file") }
        guard stamp.size <= largest else { throw .unreadable(path: path, reason: "it has more than \(largest) bytes") }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path, reason: "it is not a file, or permission is missing")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "it is not UTF-8 text")
        }
        return try HTPasswdFile(parsing: text, path: path)
    }

    /// - Parameter path: only for the errors.
    init(parsing text: String, path: String) throws(HTPasswdError) {
        var hashes: [String: String] = [:]
        var lines: [String: Int] = [:]
        var costs: [Int: Int] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let number = index + 1
            let line = line.trimmingCharacters(in: .whitespaces)
            if line.isEmpty || line.hasPrefix("#") { continue }
            // By scalar: some characters of names join with a colon that follows them.
            guard let colon = line.unicodeScalars.firstIndex(of: ":"), colon != line.startIndex else {
                throw .badLine(path: path, number: number, problem: "this is not of the form user:hash")
            }
            let user = String(line.unicodeScalars[..<colon])
            let hash = String(line.unicodeScalars[line.unicodeScalars.index(after: colon)...])
            guard let cost = Bcrypt.cost(of: hash) else {
                throw .badLine(
                    path: path, number: number,
                    problem: "the password of '\(user.prefix(60))' is not a bcrypt hash; make the line with cove htpasswd")
            }
            if let first = lines[user] {
                throw .badLine(
                    path: path, number: number,
                    problem: "'\(user.prefix(60))' has a password on line \(first) already; remove one of the two")
            }
            (hashes[user], lines[user]) = (hash, number)
            costs[cost, default: 0] += 1
        }
        self.hashes = hashes
        usualCost = costs.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? 10
    }
}
