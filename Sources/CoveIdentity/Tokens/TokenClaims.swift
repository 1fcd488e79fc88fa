import Foundation

/// What a token says (RFC 7519 section 4.1; Distribution, "Docker Registry v2 Bearer token specification").
struct TokenClaims: Decodable {
    /// One or many (RFC 7519 section 4.1.3).
    struct Audience: Decodable {
        let names: [String]

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            names = if let name = try? container.decode(String.self) { [name] } else { try container.decode([String].self) }
        }
    }

    struct Entry: Decodable {
        let type: String
        let `class`: String?
        let name: String
        let actions: [String]?

        /// The type without a class, and the class: `repository(plugin)` is a repository of plugins, and without one it is
        /// of images (Distribution, "Resource Class").
        var kind: (type: String, class: String) {
            let named = self.class.flatMap { $0.isEmpty ? nil : $0 }
            guard let open = type.firstIndex(of: "("), type.hasSuffix(")") else { return (type, named ?? "image") }
            return (String(type[..<open]), named ?? String(type[type.index(after: open)...].dropLast()))
        }
    }

    /// How much the clocks of two machines may differ, in seconds, as in Distribution.
    static let leeway = 60.0

    let iss: String?
    let sub: String?
    let aud: Audience?
    /// Seconds since 1970, perhaps with a fraction.
    let exp: Double?
    let nbf: Double?
    let access: [Entry]?
    /// Of this registry's own tokens: ``Principal/Identity/key`` of whom they were given to, and when, in microseconds since
    /// 1970: names are given again, and seconds are too long.
    let cove_id: String?
    let cove_at: Int64?

    var rights: AccessSet {
        var rights = AccessSet()
        for entry in access ?? [] {
            let (type, kind) = entry.kind
            rights.insert(entry.actions ?? [], on: Resource(type: type, name: entry.name), class: kind)
        }
        return rights
    }
}
