import Foundation

/// What texts of requests may be.
enum HarborText {
    /// A text for people: so many characters, none of them a control character or among `forbidden`.
    ///
    /// - Throws: ``HarborFailure`` that names the field.
    @discardableResult
    static func check(
        _ text: String?, _ field: String, in lengths: ClosedRange<Int>, without forbidden: String = ""
    ) throws(HarborFailure) -> String {
        let text = text ?? ""
        guard lengths.contains(text.count) else {
            throw .badRequest("\(field): \(text.count) characters; \(lengths.lowerBound) to \(lengths.upperBound) are allowed")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .badRequest("\(field): control characters are not allowed")
        }
        if let character = text.first(where: { forbidden.contains($0) }) {
            throw .badRequest("\(field): '\(character)' is not allowed in it")
        }
        return text
    }

    /// A name that people log in with or are listed by.
    ///
    /// - Throws: ``HarborFailure`` that names the field.
    static func name(_ text: String?, _ field: String, without forbidden: String = "") throws(HarborFailure) -> String {
        let name = try check(text, field, in: 1...255, without: forbidden)
        guard name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
            throw .badRequest("\(field): it must not begin or end with a space")
        }
        return name
    }

    /// `name@host`; nil for an empty text.
    ///
    /// - Throws: ``HarborFailure`` that names the field.
    static func email(_ text: String?, _ field: String) throws(HarborFailure) -> String? {
        guard let text, !text.isEmpty else { return nil }
        try check(text, field, in: 3...255, without: " \t,;<>()[]\"\\")
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty, !parts[1].hasPrefix("."), !parts[1].hasSuffix("."),
            !parts[1].contains("..")
        else { throw .badRequest("\(field): '\(text.prefix(60))' is not an address such as name@example.org") }
        return text
    }

    /// Lower-case letters and digits, in words that `.`, `_` and `-` join: names of robots.
    static func isSlug(_ text: String) -> Bool {
        var joins = true
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): joins = false
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"):
                if joins { return false }
                joins = true
            default: return false
            }
        }
        return !joins
    }
}
