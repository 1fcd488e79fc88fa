import Foundation

/// A time as Harbor's API writes it: RFC 3339 in UTC with milliseconds.
struct HarborTime: Codable, Sendable, Equatable {
    /// Microseconds since 1970.
    let microseconds: Int64

    init(_ microseconds: Int64) { self.microseconds = microseconds }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let date = (try? Self.style.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text)) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "'\(text.prefix(60))' is no time of RFC 3339"))
        }
        microseconds = Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    var text: String { Date(timeIntervalSince1970: Double(microseconds) / 1_000_000).formatted(Self.style) }
}
