import CCrypt
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

    /// Whether the hash is the password's. Blocks. False for a password with a NUL, which C cannot hold.
    static func matches(password: String, hash: String) -> Bool {
        guard !password.utf8.contains(0), let computed = crypt(password, hash) else { return false }
        return isEqual(computed, Array(hash.utf8))
    }

    /// A new hash with a random salt. Blocks. Nil when libcrypt refuses.
    static func hash(password: String, cost: Int) -> String? {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: .min ... .max, using: &generator)) }
        var setting = [CChar](repeating: 0, count: 192)
        guard crypt_gensalt_rn("$2y$", UInt(cost), random, Int32(random.count), &setting, Int32(setting.count)) != nil
        else { return nil }
        let text = String(decoding: setting.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return crypt(password, text).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func crypt(_ password: String, _ setting: String) -> [UInt8]? {
        // 32 KiB: too much for a thread's stack.
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        data.initialize(to: crypt_data())
        defer {
            // The scratch space has seen the password.
            data.initialize(to: crypt_data())
            data.deallocate()
        }
        guard let output = crypt_r(password, setting, data) else { return nil }
        let bytes = Array(UnsafeRawBufferPointer(start: output, count: strlen(output)))
        return bytes.first == UInt8(ascii: "*") ? nil : bytes
    }

    /// Takes as long for texts that differ early as for those that differ late.
    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2E...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: false
        }
    }
}
