import Yams

extension JSONValue {
    /// The value as YAML, its keys in order.
    package var yaml: String { (try? Yams.serialize(node: node, allowUnicode: true)) ?? "" }

    var node: Node {
        switch self {
        case .null: Node("null", Tag(.null))
        case .boolean(let value): Node(value ? "true" : "false", Tag(.bool))
        case .integer(let value): Node(String(value), Tag(.int))
        case .number(let value): Node(String(value), Tag(.float))
        case .string(let text): .scalar(text.represented())
        case .array(let values): Node(values.map(\.node), Tag(.seq), values.isEmpty ? .flow : .block)
        case .object(let fields):
            Node(
                fields.sorted { $0.key < $1.key }.map { (Node.scalar($0.key.represented()), $0.value.node) }, Tag(.map),
                fields.isEmpty ? .flow : .block)
        }
    }
}
