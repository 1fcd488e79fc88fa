import Testing

@testable import CoveWebhooks

@Suite("The addresses that webhooks may be sent to")
struct AddressGuardTests {
    @Test(
        "What only this machine or its network can reach is refused",
        arguments: [
            "127.0.0.1", "127.8.9.10", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1", "255.255.255.255", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "fe80::1", "fc00::1", "fd12::1", "ff02::1",
            "64:ff9b::7f00:1", "2002:7f00:1::",
        ])
    func guarded(_ address: String) throws {
        let addresses = try AddressGuard(allowed: [])
        #expect(!addresses.allows(address: address, host: "example.org", port: 443))
        #expect(addresses.refuses(literal: address, port: 443))
    }

    @Test(
        "An address with a zone is of a network of this machine, and what cannot be read is refused",
        arguments: ["fe80::1%eth0", "2606:4700::1111%eth0", "fe80::1%", "", "nothing"])
    func zones(_ address: String) throws {
        #expect(!(try AddressGuard(allowed: []).allows(address: address, host: "example.org", port: 443)))
    }

    @Test("An address with a zone can be allowed by its network")
    func allowedZone() throws {
        #expect(try AddressGuard(allowed: ["fe80::/10"]).allows(address: "fe80::1%eth0", host: "example.org", port: 443))
    }

    @Test("The rest of the world is not", arguments: ["93.184.216.34", "172.32.0.1", "11.0.0.1", "2606:4700::1111"])
    func open(_ address: String) throws {
        let addresses = try AddressGuard(allowed: [])
        #expect(addresses.allows(address: address, host: "example.org", port: 443))
        #expect(!addresses.refuses(literal: address, port: 443))
    }

    @Test("Addresses, networks and hosts can be allowed, for every port or for one")
    func allowed() throws {
        let addresses = try AddressGuard(allowed: ["127.0.0.1:8080", "10.0.0.0/8", "Hooks.internal", "[::1]:9000", "fd00::/8"])
        #expect(addresses.allows(address: "127.0.0.1", host: "localhost", port: 8080))
        #expect(!addresses.allows(address: "127.0.0.1", host: "localhost", port: 8081))
        #expect(addresses.allows(address: "10.20.30.40", host: "x", port: 1))
        #expect(addresses.allows(address: "192.168.0.1", host: "hooks.INTERNAL", port: 80))
        #expect(!addresses.allows(address: "192.168.0.1", host: "other.internal", port: 80))
        #expect(addresses.allows(address: "::1", host: "::1", port: 9000))
        #expect(!addresses.allows(address: "::1", host: "::1", port: 9001))
        #expect(addresses.allows(address: "fd12::1", host: "x", port: 443))
    }

    @Test(
        "What is no entry is refused by its text",
        arguments: ["10.0.0.0/33", "http://ci", "a b", "", "host:0", "host:70000", "host:x", "[::1]9000", "10.0.0/8"])
    func malformed(_ entry: String) {
        #expect(throws: AddressGuard.Malformed(entry: entry)) { try AddressGuard(allowed: [entry]) }
    }

    @Test("A name is not refused before it is known where it leads")
    func names() throws {
        #expect(!(try AddressGuard(allowed: []).refuses(literal: "localhost", port: 80)))
    }
}
