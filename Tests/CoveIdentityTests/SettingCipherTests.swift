import CoveMetadata
import Foundation
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("Settings: secrets in the store")
struct SettingCipherTests {
    private static let secret = "search for me"
    private static let cipher = SettingCipher(secret: Data("a key that nobody has".utf8))

    private static func kept(_ metadata: MetadataStore, _ name: SettingName) async throws -> String? {
        try await metadata.read { try $0.settings() }.first { $0.name == name.rawValue }?.value
    }

    @Test("a secret is sealed in the store, and what is none is not", arguments: [SettingName.ldapSearchPassword, .oidcClientSecret])
    func sealed(name: SettingName) async throws {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        let settings = try Settings(metadata: metadata, cipher: Self.cipher)
        try await settings.change([name: .text(Self.secret), .bannerMessage: .text("hello")])
        #expect(settings.string(name) == Self.secret)
        let kept = try #require(try await Self.kept(metadata, name))
        #expect(SettingCipher.isSealed(kept) && !kept.contains(Self.secret))
        #expect(try await Self.kept(metadata, .bannerMessage) == "hello")
        let other = try Settings(metadata: metadata, cipher: Self.cipher)
        try await other.heedChanges()
        #expect(other.string(name) == Self.secret)
    }

    @Test("what was kept readably is sealed at the next start")
    func older() async throws {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        try await Settings(metadata: metadata).change([.ldapSearchPassword: .text(Self.secret)])
        #expect(try await Self.kept(metadata, .ldapSearchPassword) == Self.secret)
        let settings = try Settings(metadata: metadata, cipher: Self.cipher)
        #expect(try await settings.sealSecrets() == [])
        try await settings.heedChanges()
        #expect(settings.string(.ldapSearchPassword) == Self.secret)
        #expect(try await Self.kept(metadata, .ldapSearchPassword) != Self.secret)
    }

    @Test("without its key a secret counts as not set, and is named")
    func closed() async throws {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        try await Settings(metadata: metadata, cipher: Self.cipher).change([.oidcClientSecret: .text(Self.secret)])
        let settings = try Settings(metadata: metadata, cipher: SettingCipher(secret: Data("another key of somebody".utf8)))
        #expect(try await settings.sealSecrets() == [.oidcClientSecret])
        try await settings.heedChanges()
        #expect(settings.string(.oidcClientSecret) == "")
    }

    @Test("a value that is put under another name does not open")
    func moved() throws {
        let sealed = try Self.cipher.seal(Self.secret, as: .ldapSearchPassword)
        #expect(Self.cipher.open(sealed, as: .ldapSearchPassword) == Self.secret)
        #expect(Self.cipher.open(sealed, as: .oidcClientSecret) == nil)
        #expect(Self.cipher.open(String(sealed.dropLast(2)), as: .ldapSearchPassword) == nil)
    }
}
