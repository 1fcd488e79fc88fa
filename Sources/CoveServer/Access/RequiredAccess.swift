import CoveIdentity
import CoveOCI
import HTTPTypes

/// What a request is allowed by, as its route and method have it. The same as in registry:2 and registry:3.
struct RequiredAccess: Sendable {
    /// Without all of it the request is refused.
    private(set) var needed: [Access] = []
    /// Of use to the request, which is also served without.
    private(set) var useful: [Access] = []

    /// What a client that has nothing is told to ask for.
    var all: [Access] { needed + useful }

    /// - Parameter route: nil for a path that names nothing: for that, and for a malformed name, it is enough to be
    ///   somebody.
    init(_ route: OCIRoute?, _ exchange: Exchange) {
        switch route {
        case nil, .base: break
        case .catalog: needed = [Access(.catalog, [.everything])]
        case .uploads(let name) where exchange.method == .post:
            need(Self.actions(exchange.method), on: name)
            if exchange.parameter("mount") != nil, let from = exchange.parameter("from"), from != name,
                let source = try? RepositoryName(parsing: from)
            {
                useful = [Access(.repository(source), [.pull])]
            }
        case .tags(let name), .uploads(let name), .manifest(let name, _), .blob(let name, _), .upload(let name, _),
            .referrers(let name, _):
            need(Self.actions(exchange.method), on: name)
        }
    }

    private mutating func need(_ actions: [Access.Action], on name: String) {
        guard let repository = try? RepositoryName(parsing: name) else { return }
        needed = [Access(.repository(repository), actions)]
    }

    private static func actions(_ method: HTTPRequest.Method) -> [Access.Action] {
        switch method {
        case .get, .head: [.pull]
        case .delete: [.delete]
        default: [.pull, .push]
        }
    }
}
