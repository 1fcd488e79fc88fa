import CoveMetadata
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("Settings that the server is started with")
struct FixedSettingTests {
    @Test("whether quotas refuse anything is written down where pushes ask for it, and cannot be changed")
    func quotas() async throws {
        let metadata = try await MetadataStore.open(TestDatabase.engine())
        let free = try Settings(metadata: metadata)
        try await free.writeDownFixed()
        #expect(try await metadata.read { try $0.settings() }.isEmpty)
        let fixed = try Settings(
            metadata: metadata, fixed: Settings.overwrites(#"{"quota_per_project_enable": false, "storage_per_project": 5}"#))
        try await fixed.writeDownFixed()
        let stored = try await metadata.read { try $0.settings() }
        #expect(stored.map(\.name) == [MetadataTransaction.quotaSetting] && stored.map(\.value) == ["false"])
        await #expect(throws: SettingRefusal.self) { try await fixed.change([.quotaPerProjectEnable: .boolean(true)]) }
        #expect(fixed.integer(.storagePerProject) == 5)
        try await free.change([.quotaPerProjectEnable: .boolean(true)])
        #expect(try await metadata.read { try $0.settings() }.map(\.value) == ["true"])
    }
}
