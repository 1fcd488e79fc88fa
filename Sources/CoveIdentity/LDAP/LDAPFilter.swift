/// Search filters of LDAP in their textual form (RFC 4515).
package enum LDAPFilter {
    /// A value as it may stand in a filter: what has a meaning there is written as `\hh` (section 3).
    package static func escape(_ value: String) -> String {
        var escaped: [UInt8] = []
        for byte in value.utf8 {
            switch byte {
            case 0, UInt8(ascii: "*"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "\\"):
                escaped += Array("\\".utf8) + hex(byte)
            default: escaped.append(byte)
            }
        }
        return String(decoding: escaped, as: UTF8.self)
    }

    private static func hex(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }

    package static func equal(_ attribute: String, _ value: String) -> String { "(\(attribute)=\(escape(value)))" }

    package static func present(_ attribute: String) -> String { "(\(attribute)=*)" }

    /// Wherever in the value it is.
    package static func contains(_ attribute: String, _ value: String) -> String { "(\(attribute)=*\(escape(value))*)" }

    /// All of the filters; those that are empty do not count.
    package static func all(_ filters: [String]) -> String {
        let filters = filters.filter { !$0.isEmpty }.map(enclosed)
        return filters.count == 1 ? filters[0] : "(&\(filters.joined()))"
    }

    package static func any(_ filters: [String]) -> String {
        filters.count == 1 ? filters[0] : "(|\(filters.joined()))"
    }

    /// People write `objectClass=person` as well.
    private static func enclosed(_ filter: String) -> String { filter.hasPrefix("(") ? filter : "(\(filter))" }

    /// Why a filter is none; nil for one.
    package static func problem(of filter: String) -> String? {
        var rest = Substring(enclosed(filter))
        guard read(&rest, depth: 0), rest.isEmpty else {
            return "'\(filter.prefix(120))' is no LDAP filter such as (objectClass=person)"
        }
        return nil
    }

    private static let deepest = 32

    private static func read(_ rest: inout Substring, depth: Int) -> Bool {
        guard depth < deepest, rest.popFirst() == "(" else { return false }
        switch rest.first {
        case "&", "|":
            rest.removeFirst()
            guard rest.first == "(" else { return false }
            while rest.first == "(" {
                guard read(&rest, depth: depth + 1) else { return false }
            }
        case "!":
            rest.removeFirst()
            guard read(&rest, depth: depth + 1) else { return false }
        default:
            guard readComparison(&rest) else { return false }
        }
        return rest.popFirst() == ")"
    }

    /// `attribute=value`, `>=`, `<=`, `~=`, `attribute:rule:=value`.
    private static func readComparison(_ rest: inout Substring) -> Bool {
        let item = rest.prefix { $0 != "(" && $0 != ")" }
        rest = rest[item.endIndex...]
        guard let equals = item.firstIndex(of: "=") else { return false }
        var attribute = item[..<equals]
        if let last = attribute.last, "<>~:".contains(last) { attribute.removeLast() }
        let isAttribute =
            !attribute.isEmpty
            && attribute.utf8.allSatisfy {
                switch $0 {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ";"), UInt8(ascii: ":"): true
                default: false
                }
            }
        return isAttribute && areEscapesWhole(item[equals...])
    }

    private static func areEscapesWhole(_ value: Substring) -> Bool {
        var rest = value
        while let backslash = rest.firstIndex(of: "\\") {
            let digits = rest[rest.index(after: backslash)...].prefix(2)
            guard digits.count == 2, digits.allSatisfy({ $0.isHexDigit && $0.isASCII }) else { return false }
            rest = rest[digits.endIndex...]
        }
        return true
    }
}
