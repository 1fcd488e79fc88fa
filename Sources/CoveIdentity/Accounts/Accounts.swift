import CoveMetadata

/// Who there is and what they may do.
package struct Accounts: Sendable {
    package struct Options: Sendable {
        /// What names of robots begin with, and no name of a user does.
        package var robotPrefix: String {
            get { currentRobotPrefix() }
            set { currentRobotPrefix = { newValue } }
        }
        /// As it is set now.
        package var currentRobotPrefix: @Sendable () -> String = { "robot$" }
        package var lockout = Lockout()

        package init() {}
    }

    package let metadata: MetadataStore
    package let passwords: Passwords
    package let options: Options
    /// Where users are looked for who have no password here, one after another: LDAP.
    package var directories: [any LoginDirectory] = []
    let memory = RightsMemory()

    package init(metadata: MetadataStore, passwords: Passwords = Passwords(), options: Options = Options()) {
        self.metadata = metadata
        self.passwords = passwords
        self.options = options
    }

    /// What somebody may do now. From memory where that is known: a change shows at once on this node, on others within
    /// some two seconds.
    package func rights(of principal: Principal) async throws -> Rights {
        if principal.isAnonymous { return Rights() }
        return try await memory.rights.value(principal.identity) {
            try await metadata.read { try $0.rights(of: principal.identity) }
        } ?? Rights()
    }

    /// A project by name, from memory as ``rights(of:)``.
    package func project(named name: String) async throws -> ProjectRecord? {
        try await memory.projects.value(name) { try await metadata.read { try $0.project(named: name) } }
    }

    /// Changes who there is or what they may do, whether a project is public among it: every node forgets what it remembers
    /// of rights, this one at once.
    package func change<T: Sendable>(_ body: @escaping @Sendable (MetadataTransaction) throws -> T) async throws -> T {
        defer { memory.forget() }
        return try await metadata.write { store in
            let value = try body(store)
            try store.raiseRightsRevision()
            return value
        }
    }

    /// Another after each change of rights that this node knows of.
    package var generation: Int { memory.count }

    /// Looks whether another node has changed rights.
    package func heedChanges() async throws {
        memory.heed(revision: try await metadata.read { try $0.rightsRevision() })
    }
}

/// Where else users and their passwords are: a directory of an organisation.
package protocol LoginDirectory: Sendable {
    /// - Returns: the row of `account` of the user with this name and password, made if need be; nil for a wrong one.
    /// - Throws: when the directory does not answer.
    func account(_ user: String, password: String) async throws -> Int64?
}

extension MetadataTransaction {
    func rights(of identity: Principal.Identity) throws -> Rights {
        var rights = Rights()
        switch identity {
        case .anonymous: break
        case .account(let id):
            guard let flags = try accountFlags(id), !flags.isDisabled else { return rights }
            rights.isAdministrator = flags.isAdministrator
            rights.isAuditor = flags.isAuditor
            for (project, role) in try projectRoles(of: id) {
                if let role = ProjectRole(rawValue: role) { rights.roles[project, default: []].insert(role) }
            }
            rights.grants = try repositoryGrants(of: id).map {
                Rights.RepositoryGrant(projectID: $0.projectID, pattern: $0.pattern, actions: Set($0.actions))
            }
        case .robot(let id):
            rights.robot = Set(
                try robotPermissions(of: id).map {
                    Rights.RobotPermission(
                        isSystem: $0.kind == "system", namespace: $0.namespace, resource: $0.resource, action: $0.action)
                })
        }
        return rights
    }
}
