import CoveOCI

/// What one may have a right to (Distribution, "Docker Registry Token Scope and Access").
package struct Resource: Sendable, Hashable {
    /// `repository`, `registry`, or whatever else a token server has rights for.
    package let type: String
    package let name: String

    package static func repository(_ name: RepositoryName) -> Resource {
        Resource(type: "repository", name: name.description)
    }

    /// The list of all repositories.
    package static let catalog = Resource(type: "registry", name: "catalog")
}

/// A resource and all that is to be done with it: what a request needs.
package struct Access: Sendable, Hashable {
    package enum Action: String, Sendable {
        case pull, push, delete
        case everything = "*"
    }

    package let resource: Resource
    package let actions: [Action]

    package init(_ resource: Resource, _ actions: [Action]) {
        self.resource = resource
        self.actions = actions
    }

    /// As it is written in a challenge: `repository:team/app:pull,push`.
    package var scope: String {
        "\(resource.type):\(resource.name):\(actions.map(\.rawValue).joined(separator: ","))"
    }
}

/// The rights that somebody has.
package struct AccessSet: Sendable, Equatable {
    private struct Granted: Equatable {
        var actions: Set<String> = []
        var classes: Set<String> = []
    }

    private var resources: [Resource: Granted] = [:]

    package init() {}

    /// - Parameter kind: the class of what is in the resource: `image`, `plugin`.
    package mutating func insert(_ actions: some Sequence<String>, on resource: Resource, class kind: String = "image") {
        resources[resource, default: Granted()].actions.formUnion(actions)
        resources[resource]?.classes.insert(kind)
    }

    package mutating func removeAll(on resource: Resource) { resources[resource] = nil }

    /// Whether all of it is granted. The action `*` is every action.
    package func allows(_ access: Access) -> Bool {
        guard let granted = resources[access.resource]?.actions else { return access.actions.isEmpty }
        return granted.contains("*") || access.actions.allSatisfy { granted.contains($0.rawValue) }
    }

    /// The classes that were granted with a resource.
    package func classes(of resource: Resource) -> Set<String> { resources[resource]?.classes ?? [] }
}
