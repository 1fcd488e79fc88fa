import CoveIdentity
import CoveMetadata
import CoveOCI

extension HarborCall {
    /// The names that the repository of a path can have: one of one component is in the project `library`.
    private func repositoryNames() throws(HarborFailure) -> [RepositoryName] {
        let name = try repositoryName()
        let short = name.description.dropFirst("library/".count)
        guard path("project_name") == "library", !short.contains("/"), let alone = try? RepositoryName(parsing: short) else {
            return [name]
        }
        return [name, alone]
    }

    /// The repository of the path.
    ///
    /// - Throws: ``HarborFailure`` as ``project(_:_:or:)``; 404 when the project has no such repository.
    func repository(
        _ action: Permission.Action, _ resource: Permission.Resource
    ) async throws -> (project: ProjectRecord, repository: RepositoryRecord) {
        let names = try repositoryNames()
        let project = try await project(action, resource) { allows(action, resource, on: names[0], in: $0) }
        guard let found = try await platform.metadata.read({ try $0.repository(names, inProject: project.id) }) else {
            throw HarborFailure.notFound("there is no repository '\(names[0])'")
        }
        return (project, found)
    }

    /// The project of the path, for something to be done in its repository of the path, whether or not that is there.
    ///
    /// - Throws: ``HarborFailure`` as ``project(_:_:or:)``.
    func projectOfRepository(
        _ action: Permission.Action, _ resource: Permission.Resource
    ) async throws -> (project: ProjectRecord, name: RepositoryName) {
        let name = try repositoryName()
        return (try await project(action, resource) { allows(action, resource, on: name, in: $0) }, name)
    }

    private func allows(
        _ action: Permission.Action, _ resource: Permission.Resource, on repository: RepositoryName, in project: ProjectRecord
    ) -> Bool {
        rights.allows(Permission(action, resource), on: repository, in: project.scope)
    }

    /// The tag or digest of the path.
    func reference() throws(HarborFailure) -> Reference {
        do throws(Reference.ParseError) {
            return try Reference(parsing: path("reference"))
        } catch {
            throw .badRequest(
                "reference: '\(path("reference").prefix(140))' is neither a tag nor a digest such as sha256:<64 hexadecimal digits>")
        }
    }

    /// The manifest of the path.
    ///
    /// - Throws: ``HarborFailure``: 404 when the repository has no such manifest.
    func artifact(in repository: RepositoryRecord) async throws -> ArtifactRecord {
        let reference = try reference()
        guard let found = try await platform.metadata.read({ try $0.artifact(reference, in: repository.id) }) else {
            throw HarborFailure.notFound("there is no artifact '\(reference)' in '\(repository.fullName)'")
        }
        return found
    }

    /// A tag as somebody gave it.
    static func tag(_ text: String, _ field: String) throws(HarborFailure) -> Tag {
        do throws(Tag.ParseError) {
            return try Tag(parsing: text)
        } catch {
            throw .badRequest(
                "\(field): '\(text.prefix(140))' is not a tag: 1 to 128 of letters, digits, '_', '.' and '-', the first no '.' and no '-'")
        }
    }
}
