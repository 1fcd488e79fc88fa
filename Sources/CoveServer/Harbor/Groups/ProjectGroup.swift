import CoveIdentity
import CoveMetadata
import HTTPTypes
import HummingbirdCore

/// Projects.
struct ProjectGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listProjects: list, .headProject: head, .createProject: create, .getProject: get, .updateProject: update,
            .deleteProject: delete, .getProjectDeletable: deletable, .getProjectSummary: summary,
        ]
    }

    // MARK: - Looking

    private func list(_ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let filter = ProjectFilter(name: call.query("name"), isPublic: call.flag("public"), owner: call.query("owner"))
        let visible = call.rights.listedProjects
        let isDetailed = call.flag("with_detail") ?? true
        let (page, total, allowlists) = try await platform.metadata.read { store in
            let (page, total) = try store.projects(filter, visible: visible, query)
            return (page, total, isDetailed ? try page.map { try store.allowlist(of: $0) } : [])
        }
        let projects = page.enumerated().map { index, project in
            isDetailed
                ? Harbor.Project(project, call.rights, allowlist: allowlists[index]) : Harbor.Project(withoutDetail: project)
        }
        return call.page(projects, total: total, of: query)
    }

    /// Whether there is a project with that name, as far as whoever asks may know.
    private func head(_ call: HarborCall) async throws -> Response {
        let name = call.query("project_name") ?? ""
        let project = try await platform.metadata.read { try $0.project(named: name) }
        guard let project, call.rights.allows(Permission(.read, .project), in: project.scope) else {
            throw HarborFailure.notFound("there is no project '\(name.prefix(255))'")
        }
        return .empty(.ok)
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let project = try await call.project()
        let found = try await platform.metadata.read { store -> (ListedProject, CVEAllowlistRecord)? in
            guard let listed = try store.listedProject(project.id) else { return nil }
            return (listed, try store.allowlist(of: listed))
        }
        guard let (listed, allowlist) = found else { throw HarborFailure.notFound("there is no project '\(project.name)'") }
        return .json(Harbor.Project(listed, call.rights, allowlist: allowlist))
    }

    private func deletable(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.delete, .project)
        let contents = try await platform.metadata.read { try $0.contents(ofProject: project.id) }
        return .json(
            Harbor.ProjectDeletable(deletable: contents.isEmpty, message: contents.isEmpty ? nil : Self.inTheWay(contents, project)))
    }

    static func inTheWay(_ contents: ProjectContents, _ project: ProjectRecord) -> String {
        let count = contents.repositories
        let names = contents.first.joined(separator: ", ") + (count > Int64(contents.first.count) ? " and others" : "")
        let (noun, them) = count == 1 ? ("repository", "it") : ("repositories", "them")
        return "project '\(project.name)' has \(count) \(noun) (\(names)); delete \(them) first"
    }

    /// What is in a project, as far as whoever asks may know.
    private func summary(_ call: HarborCall) async throws -> Response {
        let project = try await call.project()
        let seesMembers = call.rights.allows(Permission(.list, .member), in: project.scope)
        let seesQuota = call.rights.allows(Permission(.read, .quota), in: project.scope)
        let summary = try await platform.metadata.read { store in
            var summary = Harbor.ProjectSummary(repoCount: try store.contents(ofProject: project.id).repositories)
            if seesMembers {
                let counts = try store.memberCounts(ofProject: project.id)
                func count(_ role: ProjectRole) -> Int64 { counts[role.rawValue] ?? 0 }
                summary.projectAdminCount = count(.projectAdmin)
                summary.maintainerCount = count(.maintainer)
                summary.developerCount = count(.developer)
                summary.guestCount = count(.guest)
                summary.limitedGuestCount = count(.limitedGuest)
            }
            if seesQuota {
                summary.quota = Harbor.ProjectSummaryQuota(
                    hard: ["storage": try store.storageLimit(ofProject: project.id)],
                    used: ["storage": try store.storageUsage(ofProject: project.id)])
            }
            return summary
        }
        return .json(summary)
    }
}

extension MetadataTransaction {
    /// The vulnerabilities that are put up with in a project: its own list, or the system's if it says so.
    func allowlist(of project: ListedProject) throws -> CVEAllowlistRecord {
        let isOfSystem = project.metadata[ProjectSettings.reusesSystemAllowlist] == "true"
        return try cveAllowlist(ofProject: isOfSystem ? nil : project.project.id)
    }
}

extension Harbor.Project {
    /// - Parameter rights: of whoever asks.
    init(_ listed: ListedProject, _ rights: Rights, allowlist: CVEAllowlistRecord) {
        self.init(withoutDetail: listed)
        let roles = rights.roles[listed.project.id] ?? []
        var ids = ProjectRole.byStrength.filter { roles.contains($0) }.map(\.rawValue)
        // Whoever administers the system may do in any project what its administrators may.
        if ids.isEmpty, rights.isAdministrator { ids = [ProjectRole.projectAdmin.rawValue] }
        currentUserRoleId = ids.first
        currentUserRoleIds = ids
        togglable = rights.allows(Permission(.update, .project), in: listed.project.scope)
        cveAllowlist = Harbor.CVEAllowlist(allowlist, projectID: listed.project.id)
    }

    fileprivate init(withoutDetail listed: ListedProject) {
        let project = listed.project
        var metadata = listed.metadata
        metadata[ProjectSettings.isPublic] = project.isPublic ? "true" : "false"
        self.init(
            projectId: project.id, ownerId: project.ownerID, name: project.name, creationTime: HarborTime(project.createdAt),
            updateTime: HarborTime(project.updatedAt), deleted: false, ownerName: listed.owner, repoCount: listed.repositories,
            metadata: Harbor.ProjectMetadata(metadata))
    }
}
