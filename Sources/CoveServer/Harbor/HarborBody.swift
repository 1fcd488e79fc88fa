import CoveOCI
import Foundation
import NIOCore

/// Checks bodies against the description before anything is made of them, so that a refusal names the field.
enum HarborBody {
    /// In bytes.
    static let largest = 1 << 20
    private static let deepest = 32
    /// Of a text that the description gives no limit, in bytes of UTF-8.
    private static let longestText = 64 << 10
    private static let mostItems = 10_000

    /// - Throws: ``HarborFailure`` that names the field.
    static func decode<Model: HarborModel>(_ bytes: ByteBuffer, as model: Model.Type) throws(HarborFailure) -> Model {
        _ = try fields(bytes, of: model.fields)
        do {
            return try JSONDecoder().decode(model, from: Data(bytes.readableBytesView))
        } catch let error as DecodingError {
            throw .badRequest("the body is not acceptable: \(describe(error))")
        } catch {
            throw .badRequest("the body is not acceptable")
        }
    }

    /// The fields of a body that the description gives no name.
    ///
    /// - Throws: ``HarborFailure`` that names the field.
    static func fields(_ bytes: ByteBuffer, of known: [HarborField]) throws(HarborFailure) -> [String: JSONValue] {
        guard case .object(let fields) = try value(bytes) else { throw .badRequest("the body is not a JSON object") }
        try check(fields, known, "", depth: 0)
        return fields
    }

    /// A body that is an object of texts, called `path` in refusals.
    static func texts(_ bytes: ByteBuffer, _ path: String) throws(HarborFailure) -> [String: JSONValue] {
        guard case .object(let fields) = try value(bytes) else { throw .badRequest("the body is not a JSON object") }
        try check(.object(fields), .map(.string), path, depth: 0)
        return fields
    }

    static func value(_ bytes: ByteBuffer) throws(HarborFailure) -> JSONValue {
        let data = Data(bytes.readableBytesView)
        guard depth(data) <= deepest else { throw .badRequest("the body is nested deeper than \(deepest)") }
        do {
            return try JSONDecoder().decode(JSONValue.self, from: data)
        } catch {
            throw .badRequest("the body is not JSON")
        }
    }

    /// What a body that makes or changes something calls it; nil when it has no name.
    static func name(in bytes: ByteBuffer) -> String? {
        guard let value = try? value(bytes) else { return nil }
        for field in ["name", "username", "group_name", "project_name"] {
            if let name = value[field]?.string, !name.isEmpty { return String(name.prefix(255)) }
        }
        return nil
    }

    /// How deep it is nested, brackets in strings left out.
    private static func depth(_ data: Data) -> Int {
        var depth = 0
        var deepest = 0
        var isText = false
        var isEscaped = false
        for byte in data {
            if isText {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isText = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isText = true
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                deepest = max(deepest, depth)
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return deepest
    }

    private static func check(
        _ fields: [String: JSONValue], _ known: [HarborField], _ path: String, depth: Int
    ) throws(HarborFailure) {
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            guard let field = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).joined(separator: ", ")
                throw .badRequest("'\(path)\(name.prefix(60))' is not a field of this; it has \(names)")
            }
            try check(value, field.kind, path + name, depth: depth)
            if case .string(let text) = value {
                if let limit = field.maximumLength, text.count > limit {
                    throw .badRequest("'\(path)\(name)' has \(text.count) characters; at most \(limit) are allowed")
                }
                if !field.values.isEmpty, !field.values.contains(text) {
                    throw .badRequest("'\(path)\(name)' is '\(text.prefix(60))'; it must be one of \(field.values.joined(separator: ", "))")
                }
            }
        }
        for field in known where field.isRequired && fields[field.name] ?? .null == .null {
            throw .badRequest("'\(path)\(field.name)' is required")
        }
    }

    private static func check(_ value: JSONValue, _ kind: HarborField.Kind, _ path: String, depth: Int) throws(HarborFailure) {
        func refuse(_ expected: String) -> HarborFailure { .badRequest("'\(path)' must be \(expected)") }
        switch (kind, value) {
        case (_, .null), (.any, _), (.integer, .integer), (.number, .integer), (.number, .number), (.boolean, .boolean): return
        case (.string, .string(let text)), (.time, .string(let text)):
            guard text.utf8.count <= longestText else { throw refuse("a text of at most \(longestText) bytes") }
            guard !text.utf8.contains(where: isControl) else { throw refuse("a text without control characters") }
        case (.array(let inner), .array(let items)):
            guard items.count <= mostItems else { throw refuse("a list of at most \(mostItems)") }
            for (index, item) in items.enumerated() { try check(item, inner, "\(path)[\(index)]", depth: depth + 1) }
        case (.map(let inner), .object(let fields)):
            guard fields.count <= mostItems else { throw refuse("an object of at most \(mostItems) fields") }
            for (name, item) in fields.sorted(by: { $0.key < $1.key }) {
                guard name.utf8.count <= 255, !name.utf8.contains(where: isControl) else {
                    throw refuse("an object whose fields have names of at most 255 bytes, without control characters")
                }
                try check(item, inner, "\(path).\(name.prefix(60))", depth: depth + 1)
            }
        case (.model(let model), .object(let fields)): try check(fields, model.fields, "\(path).", depth: depth + 1)
        case (.string, _): throw refuse("a string")
        case (.time, _): throw refuse("a time of RFC 3339")
        case (.integer, _): throw refuse("a whole number")
        case (.number, _): throw refuse("a number")
        case (.boolean, _): throw refuse("true or false")
        case (.array, _): throw refuse("a list")
        case (.map, _), (.model, _): throw refuse("an object")
        }
    }

    /// Whether no text for people has this byte: lines and tabs are allowed.
    private static func isControl(_ byte: UInt8) -> Bool {
        byte == 0x7F || (byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D)
    }

    private static func describe(_ error: DecodingError) -> String {
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context), .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return "'\(path)': \(context.debugDescription)"
        @unknown default: return "it cannot be read"
        }
    }
}
