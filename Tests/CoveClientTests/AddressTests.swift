import Testing

@testable import CoveClient

@Suite("Addresses of registries")
struct AddressTests {
    @Test(
        "an address is read from its URL",
        arguments: [
            ("https://ghcr.io", "https://ghcr.io", "team/app"), ("http://localhost:5000/", "http://localhost:5000", "team/app"),
            ("https://Host/Path/", "https://host/Path", "team/app"), ("https://host/v2/", "https://host", "team/app"),
            ("https://docker.io", "https://registry-1.docker.io", "team/app"),
        ])
    func reads(text: String, shown: String, name: String) throws {
        let address = try RegistryAddress(parsing: text)
        #expect(address.description == shown)
        #expect(address.remoteName(name) == name)
    }

    @Test("only Docker Hub has names that are short for library")
    func library() throws {
        #expect(try RegistryAddress(parsing: "https://registry-1.docker.io").remoteName("alpine") == "library/alpine")
        #expect(try RegistryAddress(parsing: "https://registry-1.docker.io").remoteName("library/alpine") == "library/alpine")
        #expect(try RegistryAddress(parsing: "https://mirror.example.org").remoteName("alpine") == "alpine")
    }

    @Test(
        "what is no address is refused without being repeated",
        arguments: [
            "ghcr.io", "https://", "https://u:secret@host", "https://host?x", "ftp://host", "https://ho st", "https://host:99999",
        ])
    func refuses(text: String) {
        let error = #expect(throws: RegistryAddress.Malformed.self) { try RegistryAddress(parsing: text) }
        #expect(error?.reason.contains("secret") == false)
    }

    @Test("pauses grow and stay within their limits")
    func pauses() {
        let rules = RetryRules()
        for number in 1...100 { #expect((Duration.zero...rules.longestPause).contains(rules.pause(afterTry: number))) }
        #expect((0..<200).map { _ in rules.pause(afterTry: 1) }.max() ?? .zero <= rules.firstPause)
    }
}
