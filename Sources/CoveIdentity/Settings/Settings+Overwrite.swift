import CoveMetadata
import Foundation

extension Settings {
    /// The variable with settings that nobody can change, as Harbor calls it.
    package static let overwriteVariable = "CONFIG_OVERWRITE_JSON"

    /// Reads a JSON object of settings by name.
    ///
    /// - Throws: ``OverwriteMalformed``, ``SettingRefusal``.
    package static func overwrites(_ json: String) throws -> [SettingName: SettingValue] {
        guard let object = try? JSONDecoder().decode([String: Scalar].self, from: Data(json.utf8)) else {
            throw OverwriteMalformed(reason: "it is no JSON object of texts, whole numbers and true or false")
        }
        var values: [SettingName: SettingValue] = [:]
        for (key, scalar) in object.sorted(by: { $0.key < $1.key }) {
            guard let name = SettingName(rawValue: key) else {
                throw OverwriteMalformed(reason: "'\(key.prefix(60))' is no setting of Harbor's")
            }
            try SettingRule.of(name).check(scalar.value, of: name)
            values[name] = scalar.value
        }
        return values
    }

    /// Writes down what the server was started with where the store's own transactions ask for it.
    package func writeDownFixed() async throws {
        let name = SettingName.quotaPerProjectEnable
        guard isFixed(name) else { return }
        let value = value(name).stored
        try await metadata.write { try $0.saveSettings([(name.rawValue, value)]) }
    }

    package struct OverwriteMalformed: Error, Sendable, CustomStringConvertible {
        let reason: String

        package var description: String { "\(Settings.overwriteVariable): \(reason)" }
    }

    private struct Scalar: Decodable {
        let value: SettingValue

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                value = .boolean(flag)
            } else if let number = try? container.decode(Int64.self) {
                value = .integer(number)
            } else {
                value = .text(try container.decode(String.self))
            }
        }
    }
}
