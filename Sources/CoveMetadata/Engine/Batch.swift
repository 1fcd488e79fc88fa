/// Some of many values for one statement. Statements are prepared, so there are few different lengths of them.
struct Batch<Item> {
    let items: [Item]

    /// Cuts `items` into batches of these sizes, largest first.
    static func all(of items: [Item], sizes: [Int] = [256, 32, 4, 1]) -> [Batch] {
        var batches: [Batch] = []
        var rest = items[...]
        while let size = sizes.first(where: { $0 <= rest.count }) {
            batches.append(Batch(items: Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
        return batches
    }

    /// `$2, $3, …`: a parameter for each value.
    func parameters(from first: Int) -> String {
        (first..<first + items.count).map { "$\($0)" }.joined(separator: ", ")
    }
}
