/// The `parameters` of a job of the system's, whose shape Harbor's description leaves open.
struct SystemJobParameters {
    private let given: [String: JSONValue]

    init(_ given: [String: JSONValue]) {
        self.given = given
    }

    func refuseOthers(than names: [String]) throws(HarborFailure) {
        if let other = given.keys.sorted().first(where: { !names.contains($0) }) {
            throw .badRequest("'parameters.\(other.prefix(60))' is not known here; there are \(names.joined(separator: ", "))")
        }
    }

    func flag(_ name: String) throws(HarborFailure) -> Bool? {
        switch given[name] ?? .null {
        case .null: nil
        case .boolean(let value): value
        default: throw .badRequest("'parameters.\(name)' must be true or false")
        }
    }

    func number(_ name: String, in range: ClosedRange<Int64>) throws(HarborFailure) -> Int64? {
        let value = given[name] ?? .null
        if value == .null { return nil }
        guard case .integer(let number) = value, range.contains(number) else {
            throw .badRequest("'parameters.\(name)' must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func text(_ name: String) throws(HarborFailure) -> String? {
        switch given[name] ?? .null {
        case .null: nil
        case .string(let text): text
        default: throw .badRequest("'parameters.\(name)' must be a text")
        }
    }
}
