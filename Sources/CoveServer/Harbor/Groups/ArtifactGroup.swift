import CoveIdentity
import CoveMetadata
import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Artifacts of repositories, with their tags, labels, accessories and additions.
struct ArtifactGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] {
        [
            .listArtifacts: list, .listArtifactsOfProject: listOfProject, .getArtifact: get, .deleteArtifact: delete,
            .copyArtifact: copy, .listTags: listTags, .createTag: createTag, .deleteTag: deleteTag, .addLabel: addLabel,
            .removeLabel: removeLabel, .listAccessories: listAccessories, .getAddition: addition,
        ]
    }

    private func list(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.list, .artifact).repository
        return try await page(of: .repository(repository.id), latest: false, call)
    }

    private func listOfProject(_ call: HarborCall) async throws -> Response {
        let project = try await call.project(.list, .artifact)
        return try await page(of: .project(project.id), latest: call.flag("latest_in_repository") ?? false, call)
    }

    private func page(of scope: ArtifactScope, latest: Bool, _ call: HarborCall) async throws -> Response {
        let query = try call.list()
        let (found, total) = try await platform.metadata.read { try $0.artifacts(of: scope, latest: latest, query) }
        return .json(try await ArtifactView(call).list(found), headers: call.pageHeaders(total, query))
    }

    private func get(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.read, .artifact).repository
        return .json(try await ArtifactView(call).one(call.artifact(in: repository)))
    }

    private func delete(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.delete, .artifact).repository
        let artifact = try await call.artifact(in: repository)
        if let index = try await platform.registry.deleteArtifact(artifact.digest, in: repository.name, origin: call.origin) {
            throw HarborFailure.precondition("'\(artifact.digest)' is part of the index \(index); delete that first")
        }
        return .empty(.ok)
    }

    // MARK: - Tags

    private func listTags(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.list, .tag).repository
        let artifact = try await call.artifact(in: repository)
        let query = try call.list()
        let (tags, total, immutable) = try await platform.metadata.read { store in
            let (tags, total) = try store.tagList(ofArtifact: artifact.id, query)
            return (tags, total, try store.immutableTags(among: tags.map(\.name), in: repository.id))
        }
        return call.page(tags.map { Harbor.Tag($0, isImmutable: immutable.contains($0.name)) }, total: total, of: query)
    }

    private func createTag(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.create, .tag).repository
        let artifact = try await call.artifact(in: repository)
        let tag = try HarborCall.tag(try await call.body(Harbor.NewTag.self).name ?? "", "name")
        switch try await platform.registry.addTag(tag, to: artifact.digest, in: repository.name, origin: call.origin) {
        case .made: return call.created(at: "\(Self.path(of: call))/artifacts/\(artifact.digest)/tags/\(tag)")
        case .taken(let digest):
            throw HarborFailure.conflict("'\(repository.fullName)' has a tag '\(tag)' already, which is of \(digest)")
        }
    }

    private func deleteTag(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.delete, .tag).repository
        let artifact = try await call.artifact(in: repository)
        let tag = try HarborCall.tag(call.path("tag_name"), "tag_name")
        guard try await platform.metadata.read({ try $0.tagRecord(tag, in: repository.id) })?.manifestID == artifact.id else {
            throw HarborFailure.notFound("'\(repository.fullName)@\(artifact.digest)' has no tag '\(tag)'")
        }
        try await platform.registry.deleteManifest(.tag(tag), in: repository.name, origin: call.origin)
        return .empty(.ok)
    }

    /// Of the repository, below the API.
    static func path(of call: HarborCall) -> String {
        let name = PercentCoding.decode(call.path("repository_name"))
        return "/projects/\(call.path("project_name"))/repositories/\(PercentCoding.encode(PercentCoding.encode(name)))"
    }

    // MARK: - Labels

    private func addLabel(_ call: HarborCall) async throws -> Response {
        let (project, repository) = try await call.repository(.create, .artifactLabel)
        let artifact = try await call.artifact(in: repository)
        guard let id = try await call.body(Harbor.Label.self).id else { throw HarborFailure.badRequest("'id' is required: the label's") }
        let isAdded = try await platform.metadata.write(in: .repository(repository.name.description)) { store in
            try Self.check(try store.label(id), id, in: project)
            return try store.addLabel(id, to: artifact.id)
        }
        guard isAdded else { throw HarborFailure.conflict("'\(repository.fullName)@\(artifact.digest)' has the label \(id) already") }
        return .empty(.ok)
    }

    private func removeLabel(_ call: HarborCall) async throws -> Response {
        let (project, repository) = try await call.repository(.delete, .artifactLabel)
        let artifact = try await call.artifact(in: repository)
        let id = try call.id("label_id")
        let isRemoved = try await platform.metadata.write(in: .repository(repository.name.description)) { store in
            try Self.check(try store.label(id), id, in: project)
            return try store.removeLabel(id, from: artifact.id)
        }
        guard isRemoved else { throw HarborFailure.notFound("'\(repository.fullName)@\(artifact.digest)' does not have the label \(id)") }
        return .empty(.ok)
    }

    /// A label of another project is as good as none.
    private static func check(_ label: LabelRecord?, _ id: Int64, in project: ProjectRecord) throws {
        guard let label, label.projectID == nil || label.projectID == project.id else {
            throw HarborFailure.notFound("there is no label \(id) of the system or of project '\(project.name)'")
        }
    }

    // MARK: - What is beside it

    private func listAccessories(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.list, .accessory).repository
        let artifact = try await call.artifact(in: repository)
        let query = try call.list()
        let (found, total) = try await platform.metadata.read {
            try $0.accessoryList(of: artifact.digest, in: repository.id, query)
        }
        return call.page(
            found.map { Harbor.Accessory($0, subject: artifact.id, in: repository.fullName) }, total: total, of: query)
    }

    private func addition(_ call: HarborCall) async throws -> Response {
        let repository = try await call.repository(.read, .artifactAddition).repository
        let text = call.path("addition")
        guard text != "sbom" else {
            throw HarborFailure(.notImplemented, "NOT_IMPLEMENTED", "the addition 'sbom' is not implemented by this version")
        }
        guard let found = try await platform.registry.examine([call.artifact(in: repository)]).first,
            let addition = Registry.Addition(rawValue: text), addition.kind == found.kind, !found.isIndex
        else { throw HarborFailure.badRequest("addition: an artifact of this type has no '\(text.prefix(60))'") }
        guard let content = try await platform.registry.addition(addition, of: found) else {
            throw HarborFailure.notFound("'\(repository.fullName)@\(found.digest)' has no \(text) that can be shown")
        }
        let type =
            switch addition {
            case .buildHistory, .dependencies: "application/json; charset=utf-8"
            case .values: "text/plain; charset=utf-8"
            case .readme: "text/markdown; charset=utf-8"
            }
        return .json(ByteBuffer(string: content), type: type)
    }

    // MARK: - Copying

    private func copy(_ call: HarborCall) async throws -> Response {
        let (project, name) = try await call.projectOfRepository(.create, .artifact)
        let source = try Self.source(call.query("from") ?? "")
        let from = try await sourceProject(source.repository, call)
        let (names, reference) = (source.names, source.reference)
        let found = try await platform.metadata.read { store -> (ArtifactRecord, [Tag])? in
            guard let repository = try store.repository(names, inProject: from.id),
                let artifact = try store.artifact(reference, in: repository.id)
            else { return nil }
            return (
                artifact, try store.tags(ofArtifacts: [artifact.id])[artifact.id, default: []].compactMap { try? Tag(parsing: $0.name) }
            )
        }
        guard let (artifact, tags) = found else {
            throw HarborFailure.notFound("from: there is no artifact '\(reference)' in '\(source.repository)'")
        }
        let target = try await platform.metadata.read { try $0.repository(Self.names(name), inProject: project.id) }?.name ?? name
        let isDone = try await platform.registry.copyArtifact(
            artifact.digest, tags: tags, from: artifact.repository, to: target, origin: call.origin)
        guard isDone else { throw HarborFailure.conflict("'\(name)' has the artifact \(artifact.digest) already") }
        return call.created(at: "\(Self.path(of: call))/artifacts/\(artifact.digest)")
    }

    /// A name, and what it may be called on the wire.
    private static func names(_ name: RepositoryName) -> [RepositoryName] {
        let short = name.description.dropFirst("library/".count)
        guard name.description.hasPrefix("library/"), !short.contains("/"), let alone = try? RepositoryName(parsing: short) else {
            return [name]
        }
        return [name, alone]
    }

    /// `project/repository:tag` or `project/repository@digest`.
    private static func source(_ text: String) throws(HarborFailure) -> (
        repository: RepositoryName, names: [RepositoryName], reference: Reference
    ) {
        let refusal = HarborFailure.badRequest("from: '\(text.prefix(300))' is not PROJECT/REPOSITORY:TAG or PROJECT/REPOSITORY@DIGEST")
        let parts: (name: Substring, reference: Substring)
        if let at = text.firstIndex(of: "@") {
            parts = (text[..<at], text[text.index(after: at)...])
            guard parts.reference.contains(":") else { throw refusal }
        } else if let colon = text.lastIndex(of: ":") {
            parts = (text[..<colon], text[text.index(after: colon)...])
        } else {
            throw refusal
        }
        guard parts.name.contains("/"), let name = try? RepositoryName(parsing: parts.name),
            let reference = try? Reference(parsing: parts.reference)
        else { throw refusal }
        return (name, names(name), reference)
    }

    /// - Throws: ``HarborFailure`` for whoever may not pull there, whether or not there is such a project.
    private func sourceProject(_ repository: RepositoryName, _ call: HarborCall) async throws -> ProjectRecord {
        let project = try await platform.metadata.read { try $0.project(named: repository.project) }
        guard let project, call.rights.allows(Permission(.pull, .repository), on: repository, in: project.scope) else {
            if project == nil, call.rights.isAdministrator {
                throw HarborFailure.notFound("from: there is no project '\(repository.project)'")
            }
            throw HarborFailure.forbidden("from: '\(call.principal.name)' may not pull from '\(repository)', or it is not there")
        }
        return project
    }
}

extension Response {
    /// An answer that is JSON already.
    static func json(_ body: ByteBuffer, headers: HTTPFields = HTTPFields(), type: String = "application/json") -> Response {
        var headers = headers
        headers[.contentType] = type
        headers[.contentLength] = String(body.readableBytes)
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
    }
}
