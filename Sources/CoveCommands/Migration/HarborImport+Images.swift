import CoveClient
import CoveOCI

extension HarborImport {
    /// Repositories of a project with everything in them: tagged, untagged, and what refers to it.
    func importImages(of project: String, intoPlanned isPlanned: Bool) async throws(HarborError) {
        let repositories = try await reading("repository") { () throws(HarborError) in
            try await source.api.list(["projects", project, "repositories"], ListRequest(all: true, sort: "name")).items
        }
        for (number, repository) in repositories.enumerated() {
            guard let name = repository.text("name") else { continue }
            onProgress(name, number, repositories.count)
            try await importRepository(name, of: project, repository.text("description") ?? "", intoPlanned: isPlanned)
        }
    }

    private func importRepository(
        _ name: String, of project: String, _ description: String, intoPlanned isPlanned: Bool
    ) async throws(HarborError) {
        let inside = name.hasPrefix("\(project)/") ? String(name.dropFirst(project.count + 1)) : name
        let path = ["projects", project, "repositories", HarborPath.encoded(inside)]
        let copy = ImageCopy(repository: name, source: source.registry, target: target.registry, report: report, dryRun: options.dryRun)
        let before = report.counts
        do throws(HarborError) {
            let query = [("with_tag", "true"), ("with_label", "true"), ("with_accessory", "true")]
            let artifacts = try await source.api.list(path + ["artifacts"], .everything, query).items
            do throws(ClientError) {
                for artifact in artifacts {
                    // What refers to an artifact is not in the list itself.
                    for item in [artifact] + (artifact["accessories"]?.items ?? []) {
                        guard let digest = item.text("digest").flatMap({ try? Digest(parsing: $0) }) else { continue }
                        try await copy.manifest(digest)
                    }
                }
                for tag in try await source.registry.tags(in: name) { try await copy.tag(tag) }
            } catch {
                if case .unreachable(let why) = error { throw .unreachable(server: "the registry", why: why) }
                throw .unusable("\(error)")
            }
            if !options.dryRun {
                try await describe(path, description)
                for artifact in artifacts { try await label(artifact, path, project) }
            }
        } catch {
            if case .unreachable = error { throw error }
            report.note("repository", name, .failed, error.description)
            return
        }
        let after = report.counts
        let (manifests, tags) = (after.manifests - before.manifests, after.tags - before.tags)
        let outcome: MigrationReport.Outcome = manifests + tags == 0 ? .present : options.dryRun ? .planned : .created
        report.note("repository", name, outcome, "\(manifests) manifests, \(tags) tags")
    }

    private func describe(_ path: [String], _ description: String) async throws(HarborError) {
        guard !description.isEmpty else { return }
        guard let there = try await target.api.find(path), there.text("description") != description else { return }
        _ = try await target.api.put(path, ["description": .string(description)])
    }

    private func label(_ artifact: JSONValue, _ path: [String], _ project: String) async throws(HarborError) {
        let labels = artifact["labels"]?.items ?? []
        guard !labels.isEmpty, let digest = artifact.text("digest") else { return }
        let there = try await target.api.get(path + ["artifacts", digest], [("with_label", "true")]).value["labels"]?.items ?? []
        for label in labels {
            guard let name = label.text("name"), !there.contains(where: { $0.text("name") == name }) else { continue }
            let known = try await target.api.label(name, of: label.text("scope") == "g" ? nil : project)
            _ = try await target.api.post(path + ["artifacts", digest, "labels"], known.picking(["id"]))
        }
    }
}
