import CoveMetadata
import Crypto
import Foundation

/// Seals settings that are secrets, so that who reads the metadata store, or a copy of it, does not know them (AES-256-GCM).
package struct SettingCipher: Sendable {
    private static let prefix = "sealed:1:"

    private let key: SymmetricKey

    /// - Parameter secret: something that is not in the metadata store, of at least 16 bytes.
    package init(secret: Data) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret), info: Data("cove settings".utf8), outputByteCount: 32)
    }

    static func isSealed(_ stored: String) -> Bool { stored.hasPrefix(prefix) }

    /// - Parameter name: the setting's; a value that is put under another name does not open.
    /// - Throws: what the system's cryptography does.
    func seal(_ text: String, as name: SettingName) throws -> String {
        let box = try AES.GCM.seal(Data(text.utf8), using: key, authenticating: Data(name.rawValue.utf8))
        return Self.prefix + (box.combined ?? Data()).base64URL
    }

    /// Nil for what was sealed with another key, or for another setting.
    func open(_ stored: String, as name: SettingName) -> String? {
        guard let data = Data(base64URL: String(stored.dropFirst(Self.prefix.count))), let box = try? AES.GCM.SealedBox(combined: data),
            let text = try? AES.GCM.open(box, using: key, authenticating: Data(name.rawValue.utf8))
        else { return nil }
        return String(data: text, encoding: .utf8)
    }
}

extension Settings {
    /// Seals what was kept before there was a key.
    ///
    /// - Returns: the secrets that do not open with the key, and so are not known any more.
    package func sealSecrets() async throws -> [SettingName] {
        guard let cipher else { return [] }
        return try await metadata.write { store in
            var closed: [SettingName] = []
            for (text, value) in try store.settings() {
                guard let name = SettingName(rawValue: text), SettingRule.of(name).isSecret, !value.isEmpty else { continue }
                if SettingCipher.isSealed(value) {
                    if cipher.open(value, as: name) == nil { closed.append(name) }
                } else {
                    try store.saveSettings([(text, try cipher.seal(value, as: name))])
                }
            }
            return closed
        }
    }

    /// A value as it is kept.
    func stored(_ value: SettingValue, as name: SettingName) throws -> String {
        guard let cipher, SettingRule.of(name).isSecret, !value.stored.isEmpty else { return value.stored }
        return try cipher.seal(value.stored, as: name)
    }

    /// What is kept, as it was set. A secret that does not open is none.
    func opened(_ stored: String, as name: SettingName) -> String? {
        guard SettingRule.of(name).isSecret, SettingCipher.isSealed(stored) else { return stored }
        return cipher?.open(stored, as: name)
    }
}
