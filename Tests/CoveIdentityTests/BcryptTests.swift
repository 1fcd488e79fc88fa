import Testing

@testable import CoveIdentity

@Suite("Bcrypt")
struct BcryptTests {
    /// From the test set of crypt_blowfish (openwall), `wrapper.c`.
    static let vectors: [(password: String, hash: String)] = [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("U*U*", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK"),
        ("U*U*U", "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        (
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored",
            "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"
        ),
    ]

    @Test("the published vectors match, under each of the three prefixes", arguments: vectors, ["$2a$", "$2b$", "$2y$"])
    func published(vector: (password: String, hash: String), prefix: String) {
        let hash = prefix + vector.hash.dropFirst(4)
        #expect(Bcrypt.cost(of: hash) == 5)
        #expect(Bcrypt.matches(password: vector.password, hash: hash))
        #expect(!Bcrypt.matches(password: "x" + vector.password, hash: hash))
    }

    @Test("a password of another case or length does not match", arguments: ["u*u", "U*", "U*U ", "U*U\n", ""])
    func mismatch(password: String) {
        #expect(!Bcrypt.matches(password: password, hash: Self.vectors[0].hash))
    }

    @Test("a password is not cut at a NUL")
    func nul() {
        #expect(!Bcrypt.matches(password: "U*U\u{0}anything", hash: Self.vectors[0].hash))
        #expect(!Bcrypt.matches(password: "\u{0}", hash: Self.vectors[3].hash))
    }

    @Test("a new hash is bcrypt of its cost, salted, and matches its password alone", arguments: [4, 6])
    func hash(cost: Int) throws {
        let first = try #require(Bcrypt.hash(password: "pä55 word", cost: cost))
        let second = try #require(Bcrypt.hash(password: "pä55 word", cost: cost))
        #expect(first.hasPrefix("$2y$0\(cost)$"))
        #expect(Bcrypt.cost(of: first) == cost)
        #expect(first != second)
        #expect(Bcrypt.matches(password: "pä55 word", hash: first))
        #expect(Bcrypt.matches(password: "pä55 word", hash: second))
        #expect(!Bcrypt.matches(password: "pa55 word", hash: first))
    }

    @Test("a cost that bcrypt does not have gives no hash", arguments: [3, 32, 1000])
    func badCost(cost: Int) {
        #expect(Bcrypt.hash(password: "x", cost: cost) == nil)
    }

    @Test(
        "what is no bcrypt hash has no cost",
        arguments: [
            "", "x", "$apr1$abcdefgh$0123456789012345678901", "{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
            "$2x$05$" + String(repeating: "C", count: 53),
            "$2a$5$" + String(repeating: "C", count: 53), "$2a$05$" + String(repeating: "C", count: 52),
            "$2a$05$" + String(repeating: "C", count: 54), "$2a$03$" + String(repeating: "C", count: 53),
            "$2a$32$" + String(repeating: "C", count: 53), "$2a$0x$" + String(repeating: "C", count: 53),
            "$2a$05$" + String(repeating: "C", count: 52) + "+", "$2a$05$" + String(repeating: "é", count: 26) + "C",
            "$6$salt$hash", "plain",
        ])
    func noHash(text: String) {
        #expect(Bcrypt.cost(of: text) == nil)
    }

    @Test("the dummy is a hash of its cost that no password has", arguments: [4, 5])
    func dummy(cost: Int) {
        #expect(Bcrypt.cost(of: Bcrypt.dummy(cost: cost)) == cost)
        #expect(Bcrypt.cost(of: Bcrypt.dummy(cost: 12)) == 12)
        for password in ["", "x", "password"] { #expect(!Bcrypt.matches(password: password, hash: Bcrypt.dummy(cost: cost))) }
    }
}
