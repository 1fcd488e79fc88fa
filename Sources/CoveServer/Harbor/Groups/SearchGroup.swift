import CoveIdentity
import CoveMetadata
import CoveOCI
import HummingbirdCore

/// What is found by a part of its name, how much there is of it, and its pictures.
struct SearchGroup: HarborGroup {
    let platform: Platform

    /// Of projects, and of repositories.
    private static let mostFound = 500

    var handlers: [HarborOperation: HarborHandler] {
        [.search: search, .getStatistic: statistic, .getIcon: icon]
    }

    private func search(_ call: HarborCall) async throws -> Response {
        let text = call.query("q") ?? ""
        let projects = call.rights.visibility(for: Permission(.read, .project))
        let repositories = call.rights.visibility(for: Permission(.list, .repository))
        let roles = call.rights.roles
        let found = try await platform.metadata.read { store in
            var found = Harbor.Search()
            found.project = try store.searchProjects(text, visible: projects, limit: Self.mostFound).map { project, count in
                Self.shown(project, count, roles[project.id] ?? [])
            }
            found.repository = try store.searchRepositories(text, visible: repositories, limit: Self.mostFound).map {
                repository, project, isPublic in
                var shown = Harbor.SearchRepository()
                shown.projectId = repository.projectID
                shown.projectName = project
                shown.projectPublic = isPublic
                shown.repositoryName = repository.fullName
                shown.pullCount = repository.pullCount
                shown.artifactCount = repository.artifactCount
                return shown
            }
            return found
        }
        return .json(found)
    }

    private static func shown(_ project: ProjectRecord, _ count: Int64, _ roles: Set<ProjectRole>) -> Harbor.Project {
        var shown = Harbor.Project()
        shown.projectId = project.id
        shown.ownerId = project.ownerID
        shown.name = project.name
        shown.creationTime = HarborTime(project.createdAt)
        shown.updateTime = HarborTime(project.updatedAt)
        shown.repoCount = count
        shown.currentUserRoleId = ProjectRole.byStrength.first(where: roles.contains)?.rawValue ?? 0
        shown.currentUserRoleIds = roles.map(\.rawValue).sorted()
        var metadata = Harbor.ProjectMetadata()
        metadata.public = project.isPublic ? "true" : "false"
        shown.metadata = metadata
        return shown
    }

    private func statistic(_ call: HarborCall) async throws -> Response {
        let visible = call.rights.visibility(for: Permission(.read, .project))
        let seesAll = call.rights.isAdministrator || call.rights.isAuditor
        let (counts, bytes) = try await platform.metadata.read { store in
            (try store.catalogueCounts(visible: visible), seesAll ? try store.liveBlobTotals().bytes : 0)
        }
        var shown = Harbor.Statistic()
        shown.privateProjectCount = counts.privateProjects
        shown.privateRepoCount = counts.privateRepositories
        shown.publicProjectCount = counts.publicProjects
        shown.publicRepoCount = counts.publicRepositories
        shown.totalProjectCount = seesAll ? counts.privateProjects + counts.publicProjects : 0
        shown.totalRepoCount = seesAll ? counts.privateRepositories + counts.publicRepositories : 0
        shown.totalStorageConsumption = bytes
        return .json(shown)
    }

    private func icon(_ call: HarborCall) throws -> Response {
        guard let digest = try? Digest(parsing: call.path("digest")) else {
            throw HarborFailure.badRequest(
                "digest: '\(call.path("digest").prefix(140))' is not a digest such as sha256:<64 hexadecimal digits>")
        }
        guard let icon = Icons.icon(digest) else { throw HarborFailure.notFound("there is no icon \(digest)") }
        return .json(icon)
    }
}
