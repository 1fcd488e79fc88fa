import CoveMetadata
import Foundation
import Synchronization

/// What is set while the server runs. Asked of memory; what another node changes is heard of when ``heedChanges()`` looks.
package final class Settings: Sendable {
    private struct State {
        var stored: [SettingName: SettingValue] = [:]
        /// Counts changes of this node: what was read before one is not kept after.
        var generation = 0
    }

    let metadata: MetadataStore
    /// Nil: secrets are kept as they are.
    let cipher: SettingCipher?
    private let usual: [SettingName: SettingValue]
    private let fixed: [SettingName: SettingValue]
    private let state = Mutex(State())

    /// - Parameters:
    ///   - usual: in place of the rules' own defaults, as long as nobody has set them.
    ///   - fixed: what nobody can change, as the server was started with it.
    ///   - cipher: what secrets are sealed with in the store.
    /// - Throws: ``SettingRefusal`` for one of these that is not allowed.
    package init(
        metadata: MetadataStore, usual: [SettingName: SettingValue] = [:], fixed: [SettingName: SettingValue] = [:],
        cipher: SettingCipher? = nil
    ) throws(SettingRefusal) {
        for (name, value) in usual { try SettingRule.of(name).check(value, of: name) }
        for (name, value) in fixed { try SettingRule.of(name).check(value, of: name) }
        self.metadata = metadata
        self.cipher = cipher
        self.usual = usual
        self.fixed = fixed
    }

    // MARK: - What is set

    package func value(_ name: SettingName) -> SettingValue {
        fixed[name] ?? state.withLock { $0.stored[name] } ?? usual[name] ?? SettingRule.of(name).usual
    }

    /// Empty for a setting that is no text.
    package func string(_ name: SettingName) -> String {
        guard case .text(let text) = value(name) else { return "" }
        return text
    }

    /// 0 for a setting that is no number.
    package func integer(_ name: SettingName) -> Int64 {
        guard case .integer(let number) = value(name) else { return 0 }
        return number
    }

    /// False for a setting that is neither true nor false.
    package func boolean(_ name: SettingName) -> Bool { value(name) == .boolean(true) }

    /// Whether the server was started with its value.
    package func isFixed(_ name: SettingName) -> Bool { fixed[name] != nil }

    // MARK: - Changes

    /// Sets all of them, or, when one is refused, none. Returns when they act on this node.
    ///
    /// - Throws: ``SettingRefusal``, `MetadataError`.
    package func change(_ changes: [SettingName: SettingValue]) async throws {
        for (name, value) in changes.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            try SettingRule.of(name).check(value, of: name)
            guard fixed[name] == nil || fixed[name] == value else {
                throw SettingRefusal(name, "the server was started with its value, so it cannot be changed here", .fixed)
            }
        }
        try await metadata.write { [self] store in
            let before = parse(try store.settings())
            try checkTogether(changes, before, store)
            try store.saveSettings(changes.map { ($0.key.rawValue, try stored($0.value, as: $0.key)) })
        }
        state.withLock { $0.generation += 1 }
        try await heedChanges()
    }

    /// What depends on more than one setting.
    private func checkTogether(
        _ changes: [SettingName: SettingValue], _ before: [SettingName: SettingValue], _ store: MetadataTransaction
    ) throws {
        func now(_ name: SettingName) -> SettingValue {
            fixed[name] ?? before[name] ?? usual[name] ?? SettingRule.of(name).usual
        }
        func then(_ name: SettingName) -> SettingValue { fixed[name] ?? changes[name] ?? now(name) }
        if then(.authMode) != now(.authMode), try store.hasAccounts(besides: Accounts.administratorName) {
            throw SettingRefusal(
                .authMode, "it cannot be changed any more: there are users beside '\(Accounts.administratorName)'", .fixed)
        }
        if then(.skipAuditLogDatabase) == .boolean(true), then(.auditLogForwardEndpoint) == .text("") {
            throw SettingRefusal(.skipAuditLogDatabase, "set audit_log_forward_endpoint first, or nothing would be recorded anywhere")
        }
    }

    /// Whether how people log in can still be chosen: as long as there is nobody but the administrator.
    package func canChangeAuthMode() async throws -> Bool {
        if fixed[.authMode] != nil { return false }
        return try await metadata.read { try !$0.hasAccounts(besides: Accounts.administratorName) }
    }

    /// Looks what is set now.
    package func heedChanges() async throws {
        let generation = state.withLock { $0.generation }
        let stored = parse(try await metadata.read { try $0.settings() })
        state.withLock { state in
            if state.generation == generation { state.stored = stored }
        }
    }

    /// What an older or a newer version has set and this one does not know is left alone.
    private func parse(_ rows: [(name: String, value: String)]) -> [SettingName: SettingValue] {
        var values: [SettingName: SettingValue] = [:]
        for row in rows {
            guard let name = SettingName(rawValue: row.name), let value = opened(row.value, as: name) else { continue }
            values[name] = SettingValue(stored: value, like: SettingRule.of(name).usual)
        }
        return values
    }
}
