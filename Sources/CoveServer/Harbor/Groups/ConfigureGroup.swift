import CoveIdentity
import HTTPTypes
import HummingbirdCore

/// What administrators set while the server runs.
struct ConfigureGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [.getConfigurations: list, .updateConfigurations: update, .getInternalconfig: list]
    }

    /// All but secrets, which are never told again.
    private func list(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let settings = platform.settings
        let isOpen = try await settings.canChangeAuthMode()
        var items: [String: JSONValue] = [:]
        for name in SettingName.allCases {
            let rule = SettingRule.of(name)
            guard !rule.isSecret else { continue }
            let isEditable = name == .authMode ? isOpen : rule.absence == nil && !settings.isFixed(name)
            items[name.rawValue] = .object(["value": JSONValue(settings.value(name)), "editable": .boolean(isEditable)])
        }
        if call.operation == .getConfigurations { items["scan_all_policy"] = .object(["type": .string("none")]) }
        return .json(JSONValue.object(items))
    }

    private func update(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let bytes = try await call.bytes()
        _ = try HarborBody.decode(bytes, as: Harbor.Configurations.self)
        guard case .object(let fields) = try HarborBody.value(bytes) else {
            throw HarborFailure.badRequest("the body is not a JSON object")
        }
        var changes: [SettingName: SettingValue] = [:]
        for (field, value) in fields {
            guard let name = SettingName(rawValue: field) else { throw HarborFailure.badRequest("\(field): there is no such setting") }
            switch value {
            case .string(let text): changes[name] = .text(text)
            case .integer(let number): changes[name] = .integer(number)
            case .boolean(let flag): changes[name] = .boolean(flag)
            case .null: continue
            case .number, .array, .object: throw HarborFailure.badRequest("\(field): it must be a text, a whole number, or true or false")
            }
        }
        try await platform.settings.change(changes)
        return .empty(.ok)
    }
}

extension JSONValue {
    fileprivate init(_ value: SettingValue) {
        switch value {
        case .text(let text): self = .string(text)
        case .integer(let number): self = .integer(number)
        case .boolean(let flag): self = .boolean(flag)
        }
    }
}
