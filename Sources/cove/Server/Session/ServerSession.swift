import CoveCommands
import CoveOutbound
import Foundation

/// A command's conversation with a server: what it asks, and how it prints what it gets.
struct ServerSession {
    let client: HarborClient
    let connections: OutboundClients
    let output: OutputFormat
    let isQuiet: Bool

    /// Prints a list: a line an item, or all of it as JSON or YAML.
    ///
    /// - Parameter key: what `--quiet` prints of each.
    func show(_ listing: Listing, _ columns: [Column], key: String) {
        if isQuiet {
            for item in listing.items { print(Column.text(item.at(key))) }
            return
        }
        guard output == .table else { return print(.array(listing.items)) }
        print(Table.lines(listing.items, columns), terminator: "")
        if let total = listing.total, total > listing.items.count {
            Console.note("\(listing.items.count) of \(total); --all shows all, --page and --page-size another part")
        }
    }

    /// Prints one thing: a line a field, or all of it.
    func show(_ value: JSONValue, _ columns: [Column], key: String) {
        if isQuiet { return print(Column.text(value.at(key))) }
        guard output == .table else { return print(value) }
        print(Table.card(value, columns), terminator: "")
    }

    /// Says that something was done; for scripts, what it was done to.
    func done(_ text: String, _ value: JSONValue, key: String = "name") {
        if isQuiet { return print(Column.text(value.at(key))) }
        guard output == .table else { return print(value) }
        print(Table.printable(text))
    }

    private func print(_ value: JSONValue) {
        switch output {
        case .yaml: Swift.print(value.yaml, terminator: "")
        case .json, .table: Swift.print(value.text(isPretty: true))
        }
    }

    private func print(_ text: String, terminator: String = "\n") { Swift.print(text, terminator: terminator) }
}
