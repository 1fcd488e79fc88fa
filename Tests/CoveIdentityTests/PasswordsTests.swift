import Testing

@testable import CoveIdentity

@Suite("Passwords")
struct PasswordsTests {
    private let passwords = Passwords()

    @Test(
        "rules: 8 to 128 characters, an upper-case letter, a lower-case letter and a digit",
        arguments: [
            ("Harbor12345", nil), ("Äpfel123", nil), ("Short1a", .length(7)), ("alllower1", .lacksKind), ("ALLUPPER1", .lacksKind),
            ("NoDigitsHere", .lacksKind), ("", .length(0)), ("Control\u{7}12", .unspeakable), ("New\nline12", .unspeakable),
            (String(repeating: "Aa1", count: 42) + "Aa", nil), (String(repeating: "Aa1", count: 43), .length(129)),
        ] as [(String, PasswordRefusal?)])
    func rules(password: String, refusal: PasswordRefusal?) {
        do throws(PasswordRefusal) {
            try Passwords.check(password)
            #expect(refusal == nil)
        } catch {
            #expect(error == refusal)
        }
    }

    @Test("what is made up fits the rules, and is never the same")
    func generated() throws {
        let made = (0..<50).map { _ in Passwords.generate() }
        for password in made { try Passwords.check(password) }
        #expect(Set(made).count == 50)
    }

    @Test("a hash fits its password and no other, beyond 72 bytes too, and is new each time")
    func hashes() async throws {
        let long = String(repeating: "Aa1", count: 40)
        let hash = try await passwords.hash(long)
        #expect(try await passwords.verify(long, against: hash))
        #expect(try await !passwords.verify(String(long.dropLast()) + "2", against: hash))
        #expect(try await passwords.hash(long) != hash)
        #expect(!hash.contains(long))
    }

    @Test("bcrypt's hashes are verified, too")
    func bcrypt() async throws {
        let hash = try #require(Bcrypt.hash(password: "Harbor12345", cost: 4))
        #expect(try await passwords.verify("Harbor12345", against: hash))
        #expect(try await !passwords.verify("Harbor12346", against: hash))
    }

    @Test("who has no hash is refused, whatever the password")
    func nobody() async throws {
        #expect(try await !passwords.verify("Harbor12345", against: nil))
        #expect(try await !passwords.verify("", against: nil))
    }

    @Test("what was verified is known, what was refused is not")
    func remembers() async throws {
        let hash = try await passwords.hash("Harbor12345")
        #expect(!passwords.isKnown("Harbor12345", for: hash))
        _ = try await passwords.verify("Harbor12345", against: hash)
        _ = try await passwords.verify("Harbor12346", against: hash)
        #expect(passwords.isKnown("Harbor12345", for: hash))
        #expect(!passwords.isKnown("Harbor12346", for: hash))
    }

    @Test("beyond what may wait, logins are turned away")
    func overload() async throws {
        let hash = try await passwords.hash("Harbor12345")
        let narrow = Passwords(concurrent: 1, waiting: 1)
        let outcomes = await withTaskGroup(of: Bool?.self) { group in
            for number in 0..<20 { group.addTask { try? await narrow.verify("Wrong\(number)", against: hash) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes.contains(nil) && outcomes.contains(false) && !outcomes.contains(true))
    }

    @Test("locks double up to the longest")
    func lockout() {
        var lockout = Lockout()
        lockout.failures = 3
        lockout.delay = .seconds(1)
        lockout.longestDelay = .seconds(5)
        #expect((1...7).map { lockout.time(after: $0) } == [nil, nil, 1_000_000, 2_000_000, 4_000_000, 5_000_000, 5_000_000])
        #expect(lockout.time(after: .max) == 5_000_000)
        lockout.failures = 0
        #expect(lockout.time(after: 100) == nil)
    }
}
