import CoveOCI
import HTTPTypes

/// What a path under `/v2/` names (distribution-spec, "Endpoints"). Names are still text: they are parsed by the
/// endpoint, which knows what a malformed one means there.
enum OCIRoute: Equatable {
    case base
    case catalog
    case tags(name: String)
    case manifest(name: String, reference: String)
    case blob(name: String, digest: String)
    case uploads(name: String)
    case upload(name: String, id: String)
    case referrers(name: String, digest: String)

    /// - Parameter path: what follows `/v2`, decoded or not. Decided from the end, as a repository may be called
    ///   `blobs` or `tags`.
    init?(path: some StringProtocol) {
        let parts = PercentCoding.decode(path).split(separator: "/", omittingEmptySubsequences: false)
        // "/a/b" splits into "", "a", "b".
        guard parts.first == "" || parts.isEmpty else { return nil }
        func name(droppingLast count: Int) -> String { parts.dropFirst().dropLast(count).joined(separator: "/") }
        let last = parts.last ?? ""
        let second = parts.count >= 3 ? parts[parts.count - 2] : ""
        let third = parts.count >= 4 ? parts[parts.count - 3] : ""
        switch (third, second, last) {
        case _ where parts.count <= 1 || (parts.count == 2 && last.isEmpty): self = .base
        case ("", "", "_catalog") where parts.count == 2: self = .catalog
        case ("blobs", "uploads", "") where parts.count > 4: self = .uploads(name: name(droppingLast: 3))
        case ("blobs", "uploads", _) where parts.count > 4:
            self = .upload(name: name(droppingLast: 3), id: String(last))
        case (_, "blobs", "uploads") where parts.count > 3: self = .uploads(name: name(droppingLast: 2))
        case (_, "tags", "list") where parts.count > 3: self = .tags(name: name(droppingLast: 2))
        case (_, "manifests", _) where parts.count > 3:
            self = .manifest(name: name(droppingLast: 2), reference: String(last))
        case (_, "blobs", _) where parts.count > 3: self = .blob(name: name(droppingLast: 2), digest: String(last))
        case (_, "referrers", _) where parts.count > 3:
            self = .referrers(name: name(droppingLast: 2), digest: String(last))
        default: return nil
        }
    }

    /// The methods that the endpoint knows, for `Allow`.
    var methods: [HTTPRequest.Method] {
        switch self {
        case .base, .catalog, .tags, .referrers: [.get, .head]
        case .manifest: [.get, .head, .put, .delete]
        case .blob: [.get, .head, .delete]
        case .uploads: [.post]
        case .upload: [.get, .head, .patch, .put, .delete]
        }
    }

    var repository: String? {
        switch self {
        case .base, .catalog: nil
        case .tags(let name), .uploads(let name): name
        case .manifest(let name, _), .blob(let name, _), .upload(let name, _), .referrers(let name, _): name
        }
    }
}
