import Foundation

/// bcrypt through libcrypt. Every call blocks for as long as the cost demands: some 50 ms at cost 10.
enum Bcrypt {
    static let costs = 4...31
    /// What the algorithm looks at; longer passwords are equal when their first 72 bytes are.
    static let longestPassword = 72

    /// The cost of a hash of the form `$2y$10$` and 53 characters, nil for any other text. `$2a$` and `$2b$` too.
    static func cost(of hash: String) -> Int? {
        let bytes = Array(hash.utf8)
        guard bytes.count == 60, ["$2a$", "$2b$", "$2y$"].contains(String(decoding: bytes[..<4], as: UTF8.self)),
            bytes[4...5].allSatisfy({ (0x30...0x39).contains($0) }), bytes[6] == UInt8(ascii: "$"),
            bytes[7...].allSatisfy(isDigit)
        else { return nil }
        let cost = Int(bytes[4] - 0x30) * 10 + Int(bytes[5] - 0x30)
        return costs.contains(cost) ? cost : nil
    }

    /// A hash that takes as long to check as any other of this cost; what it is the hash of, nobody knows.
    static func dummy(cost: Int) -> String {
        "$2y$\(cost < 10 ? "0" : "")\(cost)$" + String(repeating: ".", count: 53)
    }

    /// As ``SlowHash/matches(password:hash:)``.
    static func matches(password: String, hash: String) -> Bool { SlowHash.matches(password: password, hash: hash) }

    /// A new hash with a random salt. Blocks. Nil when libcrypt refuses.
    static func hash(password: String, cost: Int) -> String? { SlowHash.hash(password: password, method: "$2y$", cost: cost) }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2E...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
