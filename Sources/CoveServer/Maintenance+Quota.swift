import CoveMetadata

extension Maintenance {
    /// A project's quota and what its repositories have part in.
    package struct QuotaExplanation: Sendable {
        package let quota: QuotaRecord
        /// Counted row by row, to be compared with what is kept account of.
        package let counted: ProjectUsage
        package let repositories: [RepositoryUsage]
    }

    /// - Throws: ``ServeError``, also when there is no such project.
    package func explainQuota(of project: String) async throws(ServeError) -> QuotaExplanation {
        try await saying { () async throws -> QuotaExplanation in
            let metadata = try await existingMetadata()
            let explanation = try await metadata.read { store -> QuotaExplanation? in
                guard let id = try store.project(named: project)?.id, let quota = try store.quota(ofProject: id) else { return nil }
                return QuotaExplanation(
                    quota: quota, counted: try store.countedUsage(ofProject: id), repositories: try store.repositoryUsage(ofProject: id))
            }
            try await metadata.close()
            guard let explanation else { throw ServeError("there is no project '\(project)'") }
            return explanation
        }
    }
}
