/// Some of many values for one statement. Statements are prepared, so there are few different lengths of them.
struct Batch<Item> {
    let items: [Item]

    /// Cuts `items` into batches of these sizes, largest first.
    static func all(of items: [Item], sizes: [Int] = [64, 8, 1]) -> [Batch] {
        var batches: [Batch] = []
        var rest = items[...]
        while let size = sizes.first(where: { $0 <= rest.count }) {
            batches.append(Batch(items: Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
        return batches
    }

    /// Cuts `items` into batches for a list that may name a value twice: one that is too short is filled with its last.
    static func lists(of items: [Item]) -> [Batch] {
        let sizes = [1, 4, 16, 64, 256]
        return stride(from: 0, to: items.count, by: 256).map { start in
            let part = Array(items[start..<min(start + 256, items.count)])
            let size = sizes.first { $0 >= part.count } ?? part.count
            return Batch(items: part + part.suffix(1).flatMap { Array(repeating: $0, count: size - part.count) })
        }
    }

    /// `$2, $3, …`: a parameter for each value.
    func parameters(from first: Int) -> String {
        (first..<first + items.count).map { "$\($0)" }.joined(separator: ", ")
    }
}
