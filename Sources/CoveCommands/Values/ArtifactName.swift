/// A repository as people name it, `project/app`, perhaps with `:tag` or `@digest`.
package struct ArtifactName: Sendable, Equatable {
    package let project: String
    /// Without the project; it may have slashes.
    package let repository: String
    /// A tag or a digest.
    package let reference: String?

    /// Nil when there is no project or no repository.
    package init?(parsing text: String) {
        guard let slash = text.firstIndex(of: "/") else { return nil }
        var rest = text[text.index(after: slash)...]
        var reference: Substring?
        if let at = rest.firstIndex(of: "@") {
            reference = rest[rest.index(after: at)...]
            rest = rest[..<at]
            // `app:tag@digest` is what the digest says.
            if let colon = rest.lastIndex(of: ":") { rest = rest[..<colon] }
        } else if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            reference = rest[rest.index(after: colon)...]
            rest = rest[..<colon]
        }
        guard slash != text.startIndex, !rest.isEmpty, reference?.isEmpty != true else { return nil }
        project = String(text[..<slash])
        repository = String(rest)
        self.reference = reference.map(String.init)
    }

    package var name: String { "\(project)/\(repository)" }

    /// The way to the repository in Harbor's API, which wants slashes encoded twice.
    package var path: [String] { ["projects", project, "repositories", HarborPath.encoded(repository)] }
}
