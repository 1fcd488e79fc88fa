import CoveOCI
import Testing

@testable import CoveRegistry

@Suite("UntoldChanges")
struct UntoldChangesTests {
    private func key(_ number: Int) throws -> BlobKey {
        BlobKey(repository: try RepositoryName(parsing: "r\(number)"), digest: Digest.of("x".utf8))
    }

    @Test("a key is remembered for the time, and others are not")
    func remembered() async throws {
        let untold = UntoldChanges(for: .milliseconds(200))
        #expect(try !untold.contains(key(1)))
        untold.insert(try key(1))
        #expect(try untold.contains(key(1)))
        #expect(try !untold.contains(key(2)))
        try await Task.sleep(for: .milliseconds(250))
        #expect(try !untold.contains(key(1)))
    }

    @Test("when there are too many, all keys count as untold")
    func tooMany() async throws {
        let untold = UntoldChanges(for: .milliseconds(300), bound: 3)
        for number in 0..<3 { untold.insert(try key(number)) }
        #expect(try !untold.contains(key(9)))
        untold.insert(try key(3))
        for number in 0..<10 { #expect(try untold.contains(key(number))) }
        try await Task.sleep(for: .milliseconds(350))
        for number in 0..<10 { #expect(try !untold.contains(key(number))) }
    }
}
