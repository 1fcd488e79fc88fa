import CoveOCI

/// The paths of Distribution's storage (registry:2 and registry:3), relative to a storage's root directory:
///
///     docker/registry/v2/
///       blobs/<algorithm>/<xx>/<hex>/data
///       repositories/<name>/
///         _manifests/revisions/<algorithm>/<hex>/link
///         _manifests/tags/<tag>/current/link
///         _manifests/tags/<tag>/index/<algorithm>/<hex>/link
///         _layers/<algorithm>/<hex>/link
///         _uploads/<id>/{data,startedat,hashstates/…}
///
/// A `link` holds a digest as text. A repository's name has as many components as it likes, so one may lie in another.
package enum DistributionLayout {
    package static let root = "docker/registry/v2"
    package static let repositories = "\(root)/repositories"
    package static let blobs = "\(root)/blobs"

    /// What a directory has that is a repository's.
    package static let marks: Set<String> = ["_manifests", "_layers", "_uploads"]

    package static func repository(_ name: String) -> String { "\(repositories)/\(name)" }

    package static func revisions(_ name: String) -> String { "\(repository(name))/_manifests/revisions" }

    package static func revision(_ digest: Digest, in name: String) -> String {
        "\(revisions(name))/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    package static func tags(_ name: String) -> String { "\(repository(name))/_manifests/tags" }

    package static func currentTag(_ tag: String, in name: String) -> String { "\(tags(name))/\(tag)/current/link" }

    package static func tagIndex(_ tag: String, in name: String) -> String { "\(tags(name))/\(tag)/index" }

    package static func tagIndex(_ tag: String, _ digest: Digest, in name: String) -> String {
        "\(tagIndex(tag, in: name))/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    package static func layers(_ name: String) -> String { "\(repository(name))/_layers" }

    package static func layer(_ digest: Digest, in name: String) -> String {
        "\(layers(name))/\(digest.algorithm.rawValue)/\(digest.hex)/link"
    }

    package static func uploads(_ name: String) -> String { "\(repository(name))/_uploads" }

    /// Where the bytes of a blob, or of a manifest, are.
    package static func data(_ digest: Digest) -> String { "\(directory(of: digest))/data" }

    package static func directory(of digest: Digest) -> String {
        "\(blobs)/\(digest.algorithm.rawValue)/\(digest.hex.prefix(2))/\(digest.hex)"
    }

    /// The digest whose bytes are at `path`; nil when it is no path that ``data(_:)`` makes.
    package static func digest(ofData path: some StringProtocol) -> Digest? {
        let parts = path.dropFirst(blobs.utf8.count + 1).split(separator: "/", omittingEmptySubsequences: false)
        guard path.hasPrefix("\(blobs)/"), parts.count == 4, let digest = try? Digest(parsing: "\(parts[0]):\(parts[2])"),
            data(digest) == path
        else { return nil }
        return digest
    }
}
