import Testing

@testable import CoveConfiguration

@Suite("Configuration: storage.import")
struct ImportSettingsTests {
    @Test(
        "what a server does with registry:2's files is auto unless it is off",
        arguments: [("", Configuration.Storage.Import.auto), (", import: auto", .auto), (", import: off", .off)])
    func values(text: String, expected: Configuration.Storage.Import) throws {
        let (configuration, _) = try Configuration.parse(yaml: "version: 0.1\nstorage: {filesystem: {rootdirectory: /x}\(text)}")
        #expect(configuration.storage.importing == expected)
        let again = try Configuration.parse(yaml: configuration.rendered(maskingSecrets: false)).configuration
        #expect(again.storage.importing == expected)
    }

    @Test("anything else is refused by name")
    func refused() {
        let error = #expect(throws: ConfigurationError.self) {
            try Configuration.parse(yaml: "version: 0.1\nstorage: {import: perhaps}")
        }
        #expect(error?.problems.contains { $0.contains("storage.import") && $0.contains("perhaps") } == true)
    }
}
