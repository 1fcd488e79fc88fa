/// Lines and columns for people.
package enum Table {
    private static let gap = "  "

    /// A line for each value, under the columns' titles.
    package static func lines(_ items: [JSONValue], _ columns: [Column]) -> String {
        render([columns.map(\.title)] + items.map { item in columns.map { printable($0.show(item)) } })
    }

    /// A line for each column, of one value.
    package static func card(_ value: JSONValue, _ columns: [Column]) -> String {
        render(columns.map { [$0.title, printable($0.show(value))] }.filter { !$0[1].isEmpty })
    }

    private static func render(_ rows: [[String]]) -> String {
        guard let first = rows.first else { return "" }
        let widths = first.indices.map { index in rows.map { $0[index].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (index, cell) in row.enumerated() {
                line += index == row.count - 1 ? cell : cell + String(repeating: " ", count: widths[index] - cell.count) + gap
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// What others have named cannot steer the terminal.
    package static func printable(_ text: String) -> String {
        var safe = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl = scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
            safe.append(isControl ? " " : scalar)
        }
        return String(safe)
    }
}
