import CoveMetadata
import CoveOCI

/// Why somebody may do something, or may not.
package struct AccessExplanation: Sendable, Equatable {
    package struct Reason: Sendable, Equatable {
        /// Whether this alone gives the right.
        package let gives: Bool
        /// `account`, `administrator`, `auditor`, `public`, `role`, `grant`, `robot`, `project`.
        package let kind: String
        package let text: String
    }

    package let isAllowed: Bool
    /// Whether it is about the system, or about a project that whom it is about may see.
    package let isKnown: Bool
    package let reasons: [Reason]
}

extension Accounts {
    /// Why a user or a robot may do something, or may not: everything that could give the right, and what it gives.
    package func explain(_ user: String, _ question: AccessQuestion) async throws -> AccessExplanation {
        let name = user == "anonymous" ? nil : user
        return try await metadata.read { [options] store in
            var explainer = AccessExplainer(store: store, question: question)
            if let name, name.hasPrefix(options.robotPrefix) {
                try explainer.explainRobot(name, prefix: options.robotPrefix)
            } else if let name {
                try explainer.explainAccount(name)
            } else {
                try explainer.explainPublic(Rights())
            }
            return explainer.explanation
        }
    }
}

private struct AccessExplainer {
    let store: MetadataTransaction
    let question: AccessQuestion
    private var isAllowed = false
    private var isKnown = false
    private var reasons: [AccessExplanation.Reason] = []

    init(store: MetadataTransaction, question: AccessQuestion) {
        self.store = store
        self.question = question
    }

    var explanation: AccessExplanation { AccessExplanation(isAllowed: isAllowed, isKnown: isKnown, reasons: reasons) }

    private var what: String { "\(question.permission.resource.rawValue):\(question.permission.action.rawValue)" }

    private mutating func add(_ gives: Bool, _ kind: String, _ text: String) {
        reasons.append(.init(gives: gives, kind: kind, text: text))
    }

    /// The project that the question is about; nil for the system and for one that is not there.
    private func project() throws -> ProjectRecord? {
        switch question.place {
        case .system: nil
        case .project(let name): try store.project(named: name)
        case .repository(let name): try store.project(named: name.project)
        }
    }

    /// Whether these rights do it, and whether they are enough to know of the place.
    private mutating func decide(_ rights: Rights, in project: ProjectRecord?) {
        isKnown = project.map { rights.allows(Permission(.read, .project), in: $0.explainedScope) } ?? (question.place == .system)
        isAllowed = (project != nil || question.place == .system || rights.isAdministrator) && isAllowed(rights, in: project)
    }

    private func isAllowed(_ rights: Rights, in project: ProjectRecord?) -> Bool {
        guard let project else { return rights.allows(question.permission, in: .system) }
        let scope = project.explainedScope
        if case .repository(let name) = question.place { return rights.allows(question.permission, on: name, in: scope) }
        return rights.allows(question.permission, in: scope)
    }

    // MARK: - Who asks

    mutating func explainPublic(_ rights: Rights) throws {
        let project = try projectOrReason()
        if let project { addPublic(project) }
        decide(rights, in: project)
    }

    mutating func explainAccount(_ name: String) throws {
        guard let account = try store.accountCredentials(name) else {
            return add(false, "account", "there is no user '\(name.prefix(255))'")
        }
        guard !account.isDisabled else { return add(false, "account", "'\(account.name)' is disabled, and so may do nothing") }
        if account.lockedUntil > .nowMicroseconds {
            add(
                false, "account",
                "'\(account.name)' is locked after \(account.failures) wrong passwords; 'cove admin reset-password' unlocks")
        }
        let rights = try store.rights(of: .account(account.id))
        add(
            rights.isAdministrator, "administrator",
            rights.isAdministrator ? "is a system administrator, who may do everything" : "is no system administrator")
        if rights.isAuditor {
            let isForAuditors = PermissionMatrix.isForAuditors(question.permission)
            add(
                isForAuditors, "auditor",
                isForAuditors ? "is an auditor, who may see everything" : "is an auditor, who may only read and list")
        }
        let project = try projectOrReason()
        if let project {
            addPublic(project)
            try addRoles(account.id, project)
            try addGrants(account.id, project)
        }
        decide(rights, in: project)
    }

    mutating func explainRobot(_ name: String, prefix: String) throws {
        let bare = name.dropFirst(prefix.count)
        let plus = bare.firstIndex(of: "+")
        let found =
            try plus.map { try store.robotCredentials(String(bare[bare.index(after: $0)...]), project: String(bare[..<$0])) }
            ?? store.robotCredentials(String(bare), project: nil)
        guard let robot = found else { return add(false, "robot", "there is no robot '\(name.prefix(255))'") }
        guard !robot.isDisabled else { return add(false, "robot", "it is disabled, and so may do nothing") }
        guard robot.expiresAt == -1 || robot.expiresAt > .nowMicroseconds else { return add(false, "robot", "its time is over") }
        let rights = try store.rights(of: .robot(robot.id))
        let project = try projectOrReason()
        if let project { addPublic(project) }
        for permission in (rights.robot ?? []).sorted(by: {
            ($0.namespace, $0.resource, $0.action) < ($1.namespace, $1.resource, $1.action)
        }) {
            var alone = Rights()
            alone.robot = [permission]
            var place = project
            if let known = project, known.isPublic { place = known.hidden }
            let gives = (project != nil || question.place == .system) && isAllowed(alone, in: place)
            let scope = permission.isSystem ? "the system" : permission.namespace == "*" ? "all projects" : "'\(permission.namespace)'"
            add(gives, "robot", "has \(permission.resource):\(permission.action) in \(scope)")
        }
        decide(rights, in: project)
    }

    // MARK: - What could give it

    private mutating func projectOrReason() throws -> ProjectRecord? {
        let found = try project()
        switch question.place {
        case .project(let name) where found == nil: add(false, "project", "there is no project '\(name.prefix(255))'")
        case .repository(let name) where found == nil: add(false, "project", "there is no project '\(name.project)'")
        default: break
        }
        return found
    }

    private mutating func addPublic(_ project: ProjectRecord) {
        guard project.isPublic else { return add(false, "public", "the project '\(project.name)' is private") }
        let gives = PermissionMatrix.visitor.contains(question.permission)
        add(
            gives, "public",
            "the project '\(project.name)' is public\(gives ? ", which lets anybody do this" : ", which does not let anybody do this")")
    }

    private mutating func addRoles(_ accountID: Int64, _ project: ProjectRecord) throws {
        let sources = try store.roleSources(of: accountID, in: project.id)
        for source in sources {
            guard let role = ProjectRole(rawValue: source.role) else { continue }
            let gives = PermissionMatrix.permissions(of: role).contains(question.permission)
            let by = source.group.map { ", through the group '\($0)'" } ?? ""
            add(gives, "role", "is \(role.name) of '\(project.name)'\(by): the role \(gives ? "has" : "lacks") \(what)")
        }
        let enough = ProjectRole.byStrength.filter { PermissionMatrix.permissions(of: $0).contains(question.permission) }.map(\.name)
        if sources.isEmpty { add(false, "role", "is no member of '\(project.name)'") }
        if !reasons.contains(where: \.gives) {
            add(
                false, "role",
                enough.isEmpty ? "no role of a project has \(what)" : "roles that have \(what): \(enough.joined(separator: ", "))")
        }
    }

    private mutating func addGrants(_ accountID: Int64, _ project: ProjectRecord) throws {
        guard case .repository(let name) = question.place else {
            let gives = PermissionMatrix.grantee.contains(question.permission)
            for source in try store.grantSources(of: accountID, in: project.id) {
                let what = gives ? "shows" : "is not about"
                add(gives, "grant", "has grant \(source.id) on '\(source.pattern)': it \(what) the project itself")
            }
            return
        }
        for source in try store.grantSources(of: accountID, in: project.id) {
            var alone = Rights()
            alone.grants = [.init(projectID: project.id, pattern: source.pattern, actions: Set(source.actions))]
            let gives = isAllowed(alone, in: project.hidden)
            let by = source.group.map { ", through the group '\($0)'" } ?? ""
            let fits = alone.grants[0].covers(name) ? "" : ", which is not about '\(name)'"
            add(gives, "grant", "has grant \(source.id) of \(source.actions.joined(separator: ",")) on '\(source.pattern)'\(by)\(fits)")
        }
    }
}

extension ProjectRecord {
    fileprivate var explainedScope: Rights.Scope { .project(id: id, name: name, isPublic: isPublic) }

    /// As if it were private: for what something gives by itself.
    fileprivate var hidden: ProjectRecord {
        ProjectRecord(id: id, name: name, ownerID: ownerID, isPublic: false, createdAt: createdAt, updatedAt: updatedAt)
    }
}
