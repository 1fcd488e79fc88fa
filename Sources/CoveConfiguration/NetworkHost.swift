/// A host, or an address, and perhaps a port: `db.example.org`, `10.0.0.1:5432`, `[::1]:5432`.
struct NetworkHost: Equatable {
    let host: String
    let port: Int?

    /// Nil for anything else.
    init?(_ text: some StringProtocol) {
        let name: Substring
        let rest: Substring
        let text = Substring(text)
        if text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            name = text[text.index(after: text.startIndex)..<end]
            rest = text[text.index(after: end)...]
            guard name.utf8.contains(UInt8(ascii: ":")), name.utf8.allSatisfy({ $0.isHostCharacter || $0 == UInt8(ascii: ":") })
            else { return nil }
        } else {
            name = text.prefix { $0 != ":" }
            rest = text[name.endIndex...]
            guard !name.isEmpty, name.utf8.allSatisfy(\.isHostCharacter) else { return nil }
        }
        host = String(name)
        if rest.isEmpty {
            port = nil
        } else {
            guard let number = Self.port(rest.dropFirst()), rest.hasPrefix(":") else { return nil }
            port = number
        }
    }

    /// 1 to 65535, in digits alone.
    static func port(_ text: Substring) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int(text) else { return nil }
        return (1...65535).contains(number) ? number : nil
    }
}

extension UInt8 {
    fileprivate var isHostCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
