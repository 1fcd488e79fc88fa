import CoveOCI
import TestSupport
import Testing

@Suite("Digester")
struct DigesterTests {
    static let empty256 = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    static let empty512 =
        "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e"

    @Test("nothing has the digest of nothing", arguments: [(Digest.Algorithm.sha256, empty256), (.sha512, empty512)])
    func empty(algorithm: Digest.Algorithm, expected: String) {
        #expect(Digester(algorithm).finalize().description == expected)
        #expect(Digester(algorithm).algorithm == algorithm)
    }

    @Test("pieces of any size have the digest of the whole", arguments: Digest.Algorithm.allCases, 0..<20)
    func pieces(algorithm: Digest.Algorithm, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let whole = random.bytes(5000)
        var digester = Digester(algorithm)
        var rest = whole[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 0...700, using: &random))
            piece.withUnsafeBytes { digester.update($0) }
            rest = rest.dropFirst(piece.count)
        }
        #expect(digester.finalize() == Digest.of(whole, algorithm: algorithm))
    }

    @Test("asking for the digest does not end the hash, and a copy goes its own way")
    func goesOn() {
        var digester = Digester(.sha256)
        Array("ab".utf8).withUnsafeBytes { digester.update($0) }
        #expect(digester.finalize() == Digest.of("ab".utf8))
        var copy = digester
        Array("c".utf8).withUnsafeBytes { digester.update($0) }
        Array("d".utf8).withUnsafeBytes { copy.update($0) }
        #expect(digester.finalize() == Digest.of("abc".utf8))
        #expect(copy.finalize() == Digest.of("abd".utf8))
    }

    @Test("a hash is taken up where its state was written down", arguments: Digest.Algorithm.allCases, 0..<20)
    func state(algorithm: Digest.Algorithm, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let whole = random.bytes(Int.random(in: 0...2000, using: &random))
        let cut = Int.random(in: 0...whole.count, using: &random)
        var first = Digester(algorithm)
        whole[..<cut].withUnsafeBytes { first.update($0) }
        var second = try #require(Digester(algorithm, state: first.state))
        #expect(second.state == first.state)
        whole[cut...].withUnsafeBytes { second.update($0) }
        #expect(second.finalize() == Digest.of(whole, algorithm: algorithm))
    }

    @Test("what is no state of the algorithm is refused")
    func foreignState() {
        #expect(Digester(.sha256, state: [UInt8]()) == nil)
        #expect(Digester(.sha256, state: Digester(.sha512).state) == nil)
        #expect(Digester(.sha512, state: Digester(.sha256).state) == nil)
    }
}
