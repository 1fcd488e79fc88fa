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
        let visible = call.rights.listedProjects
        let repositories = call.rights.visibility(for: Permission(.list, .repository))
        let rights = call.rights
        let found = try await platform.metadata.read { store in
            var found = Harbor.Search()
            found.project = try store.searchProjects(text, visible: visible, limit: Self.mostFound).map {
                Harbor.Project($0, rights, allowlist: try store.allowlist(of: $0))
            }
            found.repository = try store.searchRepositories(text, visible: repositories, limit: Self.mostFound).map {
                repository, project, isPublic in
                Harbor.SearchRepository(
                    projectId: repository.projectID, projectName: project, projectPublic: isPublic, repositoryName: repository.fullName,
                    pullCount: repository.pullCount, artifactCount: repository.artifactCount)
            }
            return found
        }
        return .json(found)
    }

    private func statistic(_ call: HarborCall) async throws -> Response {
        let visible = call.rights.listedProjects
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
