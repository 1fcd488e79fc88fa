import Yams

/// A configuration that is put together key by key, in the order of the keys.
package struct ConfigurationTree: Sendable, Equatable {
    private indirect enum Place: Sendable, Equatable {
        case value(JSONValue)
        case section([(name: String, place: Place)])

        static func == (left: Place, right: Place) -> Bool {
            switch (left, right) {
            case (.value(let left), .value(let right)): left == right
            case (.section(let left), .section(let right)):
                left.count == right.count && zip(left, right).allSatisfy { $0.name == $1.name && $0.place == $1.place }
            default: false
            }
        }
    }

    private var root = Place.section([])

    package init() {}

    /// - Parameter path: `http.tls.certificate`.
    package mutating func set(_ path: String, _ value: JSONValue) {
        root = Self.setting(path.split(separator: ".").map(String.init)[...], value, in: root)
    }

    package func value(_ path: String) -> JSONValue? {
        var place = root
        for name in path.split(separator: ".") {
            guard case .section(let parts) = place, let next = parts.first(where: { $0.name == name }) else { return nil }
            place = next.place
        }
        guard case .value(let value) = place else { return nil }
        return value
    }

    private static func setting(_ path: ArraySlice<String>, _ value: JSONValue, in place: Place) -> Place {
        guard let name = path.first else { return .value(value) }
        var parts: [(name: String, place: Place)] = []
        if case .section(let known) = place { parts = known }
        let index = parts.firstIndex { $0.name == name }
        let below = setting(path.dropFirst(), value, in: index.map { parts[$0].place } ?? .section([]))
        if let index { parts[index].place = below } else { parts.append((name, below)) }
        return .section(parts)
    }

    package var yaml: String { (try? Yams.serialize(node: Self.node(root), allowUnicode: true)) ?? "" }

    private static func node(_ place: Place) -> Node {
        switch place {
        case .value(let value): value.node
        case .section(let parts): Node(parts.map { (Node($0.name), node($0.place)) }, Tag(.map), .block)
        }
    }
}
