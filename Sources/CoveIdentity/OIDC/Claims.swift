import Foundation

/// What a provider says of somebody, by name (OpenID Connect Core, section 5).
struct Claims: Decodable, Sendable {
    indirect enum Value: Decodable, Sendable, Equatable {
        case text(String)
        case number(Double)
        case flag(Bool)
        case list([Value])
        /// Null, or an object.
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let flag = try? container.decode(Bool.self) {
                self = .flag(flag)
            } else if let number = try? container.decode(Double.self) {
                self = .number(number)
            } else if let text = try? container.decode(String.self) {
                self = .text(text)
            } else if let list = try? container.decode([Value].self) {
                self = .list(list)
            } else {
                self = .other
            }
        }
    }

    private var values: [String: Value]

    init(from decoder: any Decoder) throws {
        values = try decoder.singleValueContainer().decode([String: Value].self)
    }

    init(_ values: [String: Value]) { self.values = values }

    func text(_ name: String) -> String? {
        guard case .text(let text) = values[name], !text.isEmpty else { return nil }
        return text
    }

    func number(_ name: String) -> Double? {
        guard case .number(let number) = values[name] else { return nil }
        return number
    }

    /// Of one text or a list of some; nil where there is nothing.
    func texts(_ name: String) -> [String]? {
        switch values[name] {
        case .text(let text): text.isEmpty ? [] : [text]
        case .list(let items):
            items.compactMap {
                guard case .text(let text) = $0, !text.isEmpty else { return nil }
                return text
            }
        default: nil
        }
    }

    /// With what another says beside it; what both say stays.
    func merging(_ other: Claims) -> Claims {
        Claims(values.merging(other.values) { own, _ in own })
    }
}
