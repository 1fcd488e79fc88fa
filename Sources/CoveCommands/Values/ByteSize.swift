/// Sizes as people write them.
package enum ByteSize {
    private static let units: [(name: String, bytes: Int64)] = [
        ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10),
    ]

    /// `-1` and `unlimited`, a number of bytes, or a number with a unit of 1024: `10GiB`, `10G`, `500MB`.
    package static func parse(_ text: String) -> Int64? {
        let lower = text.lowercased()
        if lower == "-1" || lower == "unlimited" { return -1 }
        if let bytes = Int64(lower) { return bytes >= 0 ? bytes : nil }
        for unit in units {
            let letter = unit.name.prefix(1).lowercased()
            for suffix in ["\(letter)ib", "\(letter)b", letter] where lower.hasSuffix(suffix) {
                guard let number = Double(lower.dropLast(suffix.count)), number >= 0, number * Double(unit.bytes) < Double(Int64.max) else {
                    return nil
                }
                return Int64(number * Double(unit.bytes))
            }
        }
        return nil
    }

    /// `12.3 MiB`; -1 is `unlimited`.
    package static func text(_ bytes: Int64) -> String {
        if bytes < 0 { return "unlimited" }
        guard let unit = units.first(where: { bytes >= $0.bytes }) else { return "\(bytes) B" }
        let tenths = Int64((Double(bytes) / Double(unit.bytes) * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) \(unit.name)" : "\(tenths / 10).\(tenths % 10) \(unit.name)"
    }
}
