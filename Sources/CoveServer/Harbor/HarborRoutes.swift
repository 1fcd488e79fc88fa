import HTTPTypes

/// Finds the operation that a method and a path name.
struct HarborRoutes: Sendable {
    struct Match: Sendable {
        let operation: HarborOperation
        let endpoint: HarborEndpoint
        /// Parameters of the path, decoded once.
        let parameters: [String: String]
    }

    enum Outcome: Sendable {
        case found(Match)
        /// The path is known, but not with this method.
        case otherMethods([HTTPRequest.Method])
        case unknown
    }

    private struct Entry: Sendable {
        let operation: HarborOperation
        let endpoint: HarborEndpoint
        let segments: [Substring]

        /// Where it has fixed words: among several that match, one with a word before one with a parameter.
        let fixed: [Bool]
    }

    private let bySize: [Int: [Entry]]

    init() {
        let entries = HarborOperation.allCases.map { operation in
            let endpoint = operation.endpoint
            let segments = endpoint.path.split(separator: "/")
            return Entry(operation: operation, endpoint: endpoint, segments: segments, fixed: segments.map { !$0.hasPrefix("{") })
        }
        bySize = Dictionary(grouping: entries) { $0.segments.count }
            .mapValues { $0.sorted { Self.isStricter($0.fixed, $1.fixed) } }
    }

    private static func isStricter(_ left: [Bool], _ right: [Bool]) -> Bool {
        for (one, other) in zip(left, right) where one != other { return one }
        return false
    }

    /// - Parameter path: below `/api/v2.0`, as sent: a repository's name in it is encoded, `/` and all.
    func match(_ method: HTTPRequest.Method, _ path: Substring) -> Outcome {
        let parts = path.split(separator: "/")
        let fitting = (bySize[parts.count] ?? []).filter { zip($0.segments, parts).allSatisfy { $0.hasPrefix("{") || $0 == $1 } }
        // A HEAD of its own, where there is one, before that of a GET.
        let found = fitting.first { $0.endpoint.method == method } ?? fitting.first { method == .head && $0.endpoint.method == .get }
        if let found {
            var parameters: [String: String] = [:]
            for (segment, part) in zip(found.segments, parts) where segment.hasPrefix("{") {
                parameters[String(segment.dropFirst().dropLast())] = PercentCoding.decode(part)
            }
            return .found(Match(operation: found.operation, endpoint: found.endpoint, parameters: parameters))
        }
        let others = fitting.map(\.endpoint.method)
        return others.isEmpty ? .unknown : .otherMethods(others)
    }
}
