import Yams

/// A harbor.yml turned into Cove's configuration, with a word on each of its keys.
package struct HarborConfiguration: Sendable {
    package struct Malformed: Error, CustomStringConvertible {
        package let description: String
    }

    package enum Fate: String, Sendable, CaseIterable {
        /// It is in the new configuration.
        case kept
        /// Cove has nothing that it would be for.
        case notNeeded = "not needed"
        /// It cannot be in the file; what to do is said.
        case byHand = "by hand"
        /// Nobody knows this key.
        case unknown
    }

    package struct Finding: Sendable, Equatable {
        /// `https.certificate`.
        package let key: String
        package let fate: Fate
        /// Where it went, why it is not needed, or what to do.
        package let detail: String
    }

    /// Cove's configuration.
    package internal(set) var configuration = ConfigurationTree()
    package private(set) var findings: [Finding] = []
    private let old: JSONValue

    /// - Throws: ``Malformed`` for a text that is no harbor.yml.
    package init(parsing text: String) throws(Malformed) {
        let loaded: Any?
        do {
            loaded = try Yams.load(yaml: text)
        } catch {
            throw Malformed(description: "it is no YAML: \(error)")
        }
        guard let loaded, case .object = JSONValue(yaml: loaded) else {
            throw Malformed(description: "it is no harbor.yml: a mapping of keys such as hostname is expected")
        }
        old = JSONValue(yaml: loaded)
        guard old["hostname"] != nil || old["http"] != nil || old["data_volume"] != nil || old["database"] != nil else {
            throw Malformed(description: "it is no harbor.yml: it has none of hostname, http, database and data_volume")
        }
        convert()
    }

    /// The new configuration's text.
    package var text: String { "# Made from a harbor.yml by `cove import harbor-config`.\n" + configuration.yaml }

    package var json: JSONValue {
        .array(findings.map { ["key": .string($0.key), "fate": .string($0.fate.rawValue), "detail": .string($0.detail)] })
    }

    private mutating func convert() {
        configuration.set("version", .string("0.1"))
        configuration.set("auth.accounts", [:])
        for converter in Self.converters {
            guard let section = old[converter.key] else { continue }
            converter.convert(section, &self)
        }
        reportTheRest()
        sortFindings()
    }

    // MARK: - What converters do

    func value(_ path: String) -> JSONValue? { old.at(path).flatMap { $0 == .null ? nil : $0 } }

    /// A value as text, whichever way it was written.
    func text(_ path: String) -> String? {
        value(path).map { Column.text($0) }.flatMap { $0.isEmpty ? nil : $0 }
    }

    /// Writes down that a key is now another.
    mutating func keep(_ key: String, as new: String, _ value: JSONValue, _ detail: String = "") {
        configuration.set(new, value)
        note(key, .kept, "as \(new)\(detail.isEmpty ? "" : ": \(detail)")")
    }

    mutating func note(_ key: String, _ fate: Fate, _ detail: String) {
        findings.append(Finding(key: key, fate: fate, detail: detail))
    }

    /// The same for every key of a section that says something.
    mutating func note(all section: String, _ fate: Fate, _ detail: String) {
        guard let value = value(section) else { return note(section, fate, detail) }
        for key in Self.leaves(value, section) { note(key, fate, detail) }
    }

    /// The keys below a value; a list is one key.
    static func leaves(_ value: JSONValue, _ path: String) -> [String] {
        guard case .object(let fields) = value, !fields.isEmpty else { return [path] }
        return fields.keys.sorted().flatMap { leaves(fields[$0] ?? .null, "\(path).\($0)") }
    }

    /// Whatever no converter spoke of.
    private mutating func reportTheRest() {
        let told = Set(findings.map(\.key))
        for name in old.fields.keys.sorted() {
            for key in Self.leaves(old[name] ?? .null, name) where !told.contains(key) {
                if value(key) == nil {
                    note(key, .notNeeded, "it says nothing")
                } else {
                    note(key, .unknown, "this is no key of harbor.yml that is known here; see what it was for")
                }
            }
        }
    }

    private mutating func sortFindings() {
        findings.sort { ($0.key, $0.detail) < ($1.key, $1.detail) }
    }
}

extension JSONValue {
    /// What Yams reads.
    init(yaml value: Any) {
        switch value {
        case let value as Bool: self = .boolean(value)
        case let value as Int: self = .integer(Int64(value))
        case let value as Double: self = .number(value)
        case let value as String: self = .string(value)
        case let values as [Any]: self = .array(values.map { JSONValue(yaml: $0) })
        case let fields as [AnyHashable: Any]:
            self = .object(Dictionary(fields.map { ("\($0.key)", JSONValue(yaml: $0.value)) }, uniquingKeysWith: { $1 }))
        default: self = .null
        }
    }
}
