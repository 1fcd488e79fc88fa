import Foundation

/// Checks that bytes are JSON that every client reads alike, before any parser builds something of them (RFC 8259).
///
/// Parsers differ in what they forgive: a trailing comma, a repeated key of which the first or the last counts, `5.0` for
/// an integer, `Config` for `config`. A manifest that means one thing here and another to a client would be checked
/// against content that the client never asks for. So all of that is refused, and so is what only costs memory.
package struct StrictJSON {
    static let deepest = 64
    /// Most keys and list elements in all. An index of a thousand images has some ten thousand.
    static let mostValues = 100_000
    /// Most keys in one object, annotations above all: what a parser makes of each costs it many times its size.
    static let mostKeys = 10_000

    package struct Violation: Error, Equatable {
        package let reason: String
    }

    /// What an object or list is to a manifest: its known fields must be spelled exactly so.
    private enum Role {
        case document, descriptor, descriptors, other

        var fields: Set<String> {
            switch self {
            case .document:
                [
                    "schemaVersion", "mediaType", "artifactType", "config", "layers", "blobs", "manifests", "subject",
                    "annotations",
                ]
            case .descriptor: ["mediaType", "digest", "size", "urls", "artifactType", "annotations", "platform", "data"]
            case .descriptors, .other: []
            }
        }

        func child(_ key: String) -> Role {
            switch (self, key) {
            case (.document, "config"), (.document, "subject"): .descriptor
            case (.document, "layers"), (.document, "blobs"), (.document, "manifests"): .descriptors
            default: .other
            }
        }
    }

    private struct Container {
        let isObject: Bool
        let role: Role
        var keys: Set<String> = []
        /// The key whose value comes next.
        var key = ""
        var isEmpty = true
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let root: Role
    private let deepest: Int
    private var position = 0
    private var containers: [Container] = []
    private var values = 0

    /// - Throws: ``Violation`` unless the bytes are one JSON object.
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(Violation) {
        try check(bytes, as: .document, deepest: deepest)
    }

    /// Checks an object that is no manifest: no key of it must be spelled in a certain way.
    ///
    /// - Parameter deepest: the most levels of objects and lists.
    /// - Throws: as ``check(_:)``.
    package static func checkObject(_ bytes: some Sequence<UInt8>, deepest: Int) throws(Violation) {
        let result = Array(bytes).withUnsafeBufferPointer { buffer in
            Result { () throws(Violation) in try check(buffer, as: .other, deepest: deepest) }
        }
        try result.get()
    }

    private static func check(_ bytes: UnsafeBufferPointer<UInt8>, as root: Role, deepest: Int) throws(Violation) {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw Violation(reason: "it is not UTF-8 text") }
        var checker = StrictJSON(bytes: bytes, root: root, deepest: deepest)
        try checker.run()
    }

    private init(bytes: UnsafeBufferPointer<UInt8>, root: Role, deepest: Int) {
        self.bytes = bytes
        self.root = root
        self.deepest = deepest
    }

    private mutating func run() throws(Violation) {
        skipSpace()
        guard take("{") else { throw fail("a JSON object must begin here") }
        try open(isObject: true, role: root)
        while let container = containers.last {
            skipSpace()
            if take(container.isObject ? "}" : "]") {
                containers.removeLast()
                continue
            }
            if !container.isEmpty {
                guard take(",") else { throw fail("expected ',' or '\(container.isObject ? "}" : "]")'") }
                skipSpace()
            }
            containers[containers.count - 1].isEmpty = false
            values += 1
            guard values <= Self.mostValues else { throw Violation(reason: "it has more than \(Self.mostValues) values") }
            if container.isObject { try readKey() }
            try readValue()
        }
        skipSpace()
        guard position == bytes.count else { throw fail("nothing may follow the object") }
    }

    private mutating func readKey() throws(Violation) {
        let depth = containers.count - 1
        guard peek == UInt8(ascii: "\"") else { throw fail("a key in quotes must stand here") }
        let key = try readString(isKey: true)
        guard containers[depth].keys.count < Self.mostKeys else {
            throw Violation(reason: "an object has more than \(Self.mostKeys) keys")
        }
        guard containers[depth].keys.insert(key).inserted else { throw fail("the key '\(key.prefix(60))' is there twice") }
        let fields = containers[depth].role.fields
        if !fields.isEmpty, !fields.contains(key),
            let meant = fields.first(where: { $0.lowercased() == key.lowercased() })
        {
            throw fail("the key '\(key.prefix(60))' must be spelled '\(meant)'")
        }
        containers[depth].key = key
        skipSpace()
        guard take(":") else { throw fail("expected ':'") }
        skipSpace()
    }

    private mutating func readValue() throws(Violation) {
        guard let container = containers.last, let first = peek else { throw fail("a value is missing") }
        let role: Role =
            switch container.role {
            case .descriptors: .descriptor
            case let role: role.child(container.key)
            }
        switch first {
        case UInt8(ascii: "{"):
            position += 1
            try open(isObject: true, role: role)
        case UInt8(ascii: "["):
            position += 1
            try open(isObject: false, role: role == .descriptors ? .descriptors : .other)
        case UInt8(ascii: "\""): _ = try readString(isKey: false)
        case UInt8(ascii: "t"): try readWord("true")
        case UInt8(ascii: "f"): try readWord("false")
        case UInt8(ascii: "n"): try readWord("null")
        default:
            let isWhole = try readNumber()
            let mustBeWhole =
                container.role == .descriptor && container.key == "size" || container.role == .document && container.key == "schemaVersion"
            if mustBeWhole, !isWhole { throw fail("'\(container.key)' must be a whole number without fraction or exponent") }
        }
    }

    private mutating func open(isObject: Bool, role: Role) throws(Violation) {
        guard containers.count < deepest else {
            throw Violation(reason: "it is nested deeper than \(deepest) levels")
        }
        containers.append(Container(isObject: isObject, role: role))
    }

    /// Reads a string; its text is built only for keys.
    private mutating func readString(isKey: Bool) throws(Violation) -> String {
        position += 1
        let start = position
        var hasEscapes = false
        while let byte = peek {
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard isKey else { return "" }
                // Two spellings of one key are one key.
                if hasEscapes { return try unescaped(start - 1..<position) }
                return String(decoding: bytes[start..<position - 1], as: UTF8.self)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                try readEscape()
            case 0..<0x20: throw fail("a control character must be escaped")
            default: break
            }
        }
        throw fail("a string does not end")
    }

    private func unescaped(_ quoted: Range<Int>) throws(Violation) -> String {
        do {
            return try JSONDecoder().decode([String].self, from: Data("[".utf8) + Data(bytes[quoted]) + Data("]".utf8))[0]
        } catch {
            throw fail("a key is not text")
        }
    }

    private mutating func readEscape() throws(Violation) {
        guard let byte = peek else { throw fail("a string does not end") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                guard let digit = peek, Character(Unicode.Scalar(digit)).isHexDigit else { throw fail("\\u needs four digits") }
                position += 1
            }
        default: throw fail("unknown escape")
        }
    }

    private mutating func readWord(_ word: StaticString) throws(Violation) {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw fail("expected \(word)") }
            position += 1
        }
    }

    /// - Returns: whether the number has neither fraction nor exponent.
    private mutating func readNumber() throws(Violation) -> Bool {
        _ = take("-")
        let start = position
        skipDigits()
        guard position > start else { throw fail("this is not a value") }
        guard bytes[start] != UInt8(ascii: "0") || position == start + 1 else { throw fail("a number must not begin with 0") }
        var isWhole = true
        if take(".") {
            isWhole = false
            let fraction = position
            skipDigits()
            guard position > fraction else { throw fail("digits must follow '.'") }
        }
        if take("e") || take("E") {
            isWhole = false
            if !take("+") { _ = take("-") }
            let exponent = position
            skipDigits()
            guard position > exponent else { throw fail("digits must follow the exponent") }
        }
        return isWhole
    }

    private mutating func skipDigits() {
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private func fail(_ reason: String) -> Violation { Violation(reason: "at byte \(position): \(reason)") }
}
