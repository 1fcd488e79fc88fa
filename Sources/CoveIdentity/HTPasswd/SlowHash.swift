import CCrypt
import Foundation

/// Hashes of passwords that are slow to make, by whatever libcrypt knows: bcrypt, yescrypt. Every call blocks.
enum SlowHash {
    /// Whether the hash is the password's. False for a password with a NUL, which C cannot hold.
    static func matches(password: String, hash: String) -> Bool {
        guard !password.utf8.contains(0), let computed = crypt(password, hash) else { return false }
        return isEqual(computed, Array(hash.utf8))
    }

    /// A new hash with a random salt. Nil when libcrypt refuses.
    ///
    /// - Parameters:
    ///   - method: `$y$` for yescrypt, `$2y$` for bcrypt.
    ///   - cost: as the method counts it; 0 for its usual one.
    static func hash(password: String, method: String, cost: Int) -> String? {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: .min ... .max, using: &generator)) }
        var setting = [CChar](repeating: 0, count: 192)
        guard crypt_gensalt_rn(method, UInt(cost), random, Int32(random.count), &setting, Int32(setting.count)) != nil
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
}
