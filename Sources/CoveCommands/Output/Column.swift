/// A column of a table: its title, and what it shows of a value.
package struct Column: Sendable {
    package enum Form: Sendable {
        case plain
        /// Bytes.
        case size
        /// A time of the API's, to the second.
        case time
        /// Seconds since 1970; -1 is never.
        case epoch
        case yesNo
    }

    package let title: String
    let show: @Sendable (JSONValue) -> String

    package init(_ title: String, _ path: String, _ form: Form = .plain) {
        self.title = title
        show = { Self.text($0.at(path), form) }
    }

    package init(_ title: String, _ show: @escaping @Sendable (JSONValue) -> String) {
        self.title = title
        self.show = show
    }

    package static func text(_ value: JSONValue?, _ form: Form = .plain) -> String {
        switch (form, value) {
        case (_, nil), (_, .null): ""
        case (.size, .integer(let bytes)): ByteSize.text(bytes)
        case (.time, .string(let text)): time(text)
        case (.epoch, .integer(let seconds)): seconds < 0 ? "never" : Timestamps.text(seconds)
        case (.yesNo, .boolean(let value)): value ? "yes" : "no"
        case (.yesNo, .string(let text)): text == "true" ? "yes" : text == "false" ? "no" : text
        case (_, .string(let text)): text
        case (_, .boolean(let value)): value ? "true" : "false"
        case (_, .integer(let number)): String(number)
        case (_, .number(let number)): String(number)
        case (_, .array(let values)): values.map { text($0) }.joined(separator: ", ")
        case (_, .some(let value)): value.text()
        }
    }

    /// `2026-01-02T03:04:05.678Z` to the second; the year 1 is Harbor's "not yet".
    private static func time(_ text: String) -> String {
        guard !text.hasPrefix("0001-") else { return "" }
        guard text.count >= 19, text.contains("T") else { return text }
        return String(text.prefix(19)).replacing("T", with: " ")
    }
}
