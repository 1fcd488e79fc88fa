import CoveIdentity
import CoveMetadata

/// What a robot is to be allowed, checked.
struct RobotRequest: Sendable {
    static let longestDuration: Int64 = 36_500

    enum Level: String, Sendable {
        case system, project
    }

    let level: Level
    let permissions: [StoredRobotPermission]

    /// The projects that are named.
    var namespaces: Set<String> { Set(permissions.filter { $0.kind == "project" && $0.namespace != "*" }.map(\.namespace)) }

    /// - Throws: ``HarborFailure`` that names the field.
    init(level: String?, _ permissions: [Harbor.RobotPermission]?) throws(HarborFailure) {
        guard let level = level.flatMap({ Level(rawValue: $0) }) else {
            throw .badRequest("level: '\((level ?? "").prefix(60))' is not one of system, project")
        }
        guard let permissions, !permissions.isEmpty else { throw .badRequest("permissions: at least one is required") }
        if level == .project {
            guard permissions.count == 1, permissions[0].kind == "project", permissions[0].namespace ?? "*" != "*" else {
                throw .badRequest("permissions: a robot of a project has one, of kind project, whose namespace is the project's name")
            }
        }
        self.level = level
        var stored: [StoredRobotPermission] = []
        var seen: Set<StoredRobotPermission> = []
        for (index, permission) in permissions.enumerated() {
            for one in try Self.read(permission, "permissions[\(index)]") where seen.insert(one).inserted { stored.append(one) }
        }
        self.permissions = stored
    }

    private static func read(_ permission: Harbor.RobotPermission, _ field: String) throws(HarborFailure) -> [StoredRobotPermission] {
        guard let kind = permission.kind, kind == "system" || kind == "project" else {
            throw .badRequest("\(field).kind: '\((permission.kind ?? "").prefix(60))' is not one of system, project")
        }
        var namespace = permission.namespace ?? ""
        if kind == "system" {
            guard namespace.isEmpty || namespace == "/" else { throw .badRequest("\(field).namespace: that of the system is /") }
            namespace = "/"
        }
        guard !namespace.isEmpty else { throw .badRequest("\(field).namespace: a project's name is required, or * for all") }
        guard let access = permission.access, !access.isEmpty else { throw .badRequest("\(field).access: at least one is required") }
        var stored: [StoredRobotPermission] = []
        for (index, one) in access.enumerated() {
            let place = "\(field).access[\(index)]"
            guard let resource = one.resource, let action = one.action else {
                throw .badRequest("\(place): resource and action are required")
            }
            guard let found = RobotPermissions.find(resource, action, inProject: kind == "project") else {
                throw .badRequest(
                    "\(place): '\(resource.prefix(60)):\(action.prefix(60))' is nothing that a robot can have in a \(kind); GET /permissions lists what it can"
                )
            }
            guard one.effect ?? "" == "" || one.effect == "allow" else { throw .badRequest("\(place).effect: it can only be allow") }
            stored.append(
                StoredRobotPermission(
                    kind: kind, namespace: namespace, resource: found.resource.rawValue, action: found.action.rawValue))
        }
        return stored
    }

    static func checkName(_ text: String?) throws(HarborFailure) -> String {
        guard let text, (1...255).contains(text.utf8.count), HarborText.isSlug(text) else {
            throw .badRequest(
                "name: '\((text ?? "").prefix(60))' is not 1 to 255 lower-case letters and digits, in words that '.', '_' and '-' join")
        }
        return text
    }

    static func checkDuration(_ days: Int64) throws(HarborFailure) -> Int64 {
        guard days == -1 || (1...longestDuration).contains(days) else {
            throw .badRequest("duration: \(days) is neither -1 (for ever) nor 1 to \(longestDuration) days")
        }
        return days
    }
}
