import CoveMetadata
import Foundation

/// Entries as rows of the metadata store, for nodes that share it.
package struct DatabaseVault: CertificateVault {
    package let interval = Duration.seconds(5)
    private let metadata: MetadataStore

    package init(_ metadata: MetadataStore) {
        self.metadata = metadata
    }

    package func load(_ names: [String]) async throws(ACMEError) -> [String: [UInt8]] {
        try await Self.translating { try await metadata.read { try $0.vaultEntries(names) } }
    }

    package func save(_ bytes: [UInt8], as name: String) async throws(ACMEError) {
        try await Self.translating { try await metadata.write { try $0.saveVaultEntry(name, bytes) } }
    }

    package func remove(_ name: String) async throws(ACMEError) {
        try await Self.translating { try await metadata.write { try $0.removeVaultEntry(name) } }
    }

    package func exclusively(_ body: () async throws -> Void) async throws {
        try await metadata.exclusively("letsencrypt", body)
    }

    private static func translating<T>(_ body: () async throws -> T) async throws(ACMEError) -> T {
        do {
            return try await body()
        } catch {
            throw ACMEError(.storage, "the metadata store cannot be used: \(error)")
        }
    }
}
