import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// Tag lists, the catalog and referrers, all paged by `n` and `last` with a `Link` to the next page (RFC 8288).
extension OCIResponder {
    /// Without `n` the whole list is the answer, up to this many names.
    private static let longestList = 100_000
    private static let longestReferrersPage = 1000

    func tags(_ exchange: Exchange, of name: RepositoryName) async throws(OCIFailure) -> Response {
        struct TagList: Encodable {
            let name: String
            let tags: [String]
        }
        let limit = try Self.limit(exchange, most: options.tagPage, usual: Self.longestList)
        var headers = HTTPFields()
        let (page, more) = try await asking { () throws(RegistryError) in
            let last = exchange.parameter("last") ?? ""
            guard let mirror = mirrors?.mirror(of: name) else { return try await registry.tags(in: name, after: last, limit: limit) }
            let answer = try await mirror.tags(in: name, after: last, limit: limit)
            headers = Self.headers(answer.staleness)
            return answer.value
        }
        if more, let last = page.last {
            headers[.link] = link("/v2/\(name)/tags/list", ["n": String(limit), "last": last])
        }
        return .json(TagList(name: name.description, tags: page), headers: headers)
    }

    func catalog(_ exchange: Exchange) async throws(OCIFailure) -> Response {
        struct Catalog: Encodable {
            let repositories: [String]
        }
        let limit = try Self.limit(exchange, most: options.catalogPage, usual: options.catalogPage)
        let (page, more) = try await asking { () throws(RegistryError) in
            try await registry.repositories(after: exchange.parameter("last") ?? "", limit: limit)
        }
        var headers = HTTPFields()
        if more, let last = page.last {
            headers[.link] = link("/v2/_catalog", ["n": String(limit), "last": last])
        }
        return .json(Catalog(repositories: page), headers: headers)
    }

    func referrers(
        _ exchange: Exchange, of subject: Digest, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        struct Index: Encodable {
            struct Entry: Encodable {
                let mediaType: String
                let digest: String
                let size: Int64
                let artifactType: String?
                let annotations: [String: String]?
            }
            let schemaVersion = 2
            let mediaType = MediaType.imageIndex
            let manifests: [Entry]
        }
        let limit = try Self.limit(exchange, most: Self.longestReferrersPage, usual: Self.longestReferrersPage)
        let artifactType = exchange.parameter("artifactType").flatMap { $0.isEmpty ? nil : $0 }
        var after: Digest?
        if let last = exchange.parameter("last"), !last.isEmpty { after = try Self.digest(last) }
        var headers = HTTPFields()
        let (page, more) = try await asking { [after] () throws(RegistryError) in
            guard let mirror = mirrors?.mirror(of: name) else {
                return try await registry.referrers(
                    of: subject, in: name, artifactType: artifactType, after: after, limit: limit)
            }
            let answer = try await mirror.referrers(of: subject, in: name, artifactType: artifactType, after: after, limit: limit)
            headers = Self.headers(answer.staleness)
            return answer.value
        }
        if artifactType != nil { headers[.ociFiltersApplied] = "artifactType" }
        if more, let last = page.last {
            var query = ["n": String(limit), "last": last.digest.description]
            query["artifactType"] = artifactType
            headers[.link] = link("/v2/\(name)/referrers/\(subject)", query)
        }
        let entries = page.map {
            Index.Entry(
                mediaType: $0.mediaType, digest: $0.digest.description, size: $0.size, artifactType: $0.artifactType,
                annotations: $0.annotations)
        }
        return .json(Index(manifests: entries), headers: headers, type: MediaType.imageIndex)
    }

    private func link(_ path: String, _ query: [String: String]) -> String {
        let pairs = query.sorted { $0.key > $1.key }.map { "\($0.key)=\(PercentCoding.encode($0.value))" }
        // Without scheme and host, as the specification shows it: it leads back the way the client came.
        return "<\(options.location.prefix)\(path)?\(pairs.joined(separator: "&"))>; rel=\"next\""
    }

    private static func limit(_ exchange: Exchange, most: Int, usual: Int) throws(OCIFailure) -> Int {
        guard let text = exchange.parameter("n") else { return usual }
        guard let number = Int(text), number >= 0 else {
            throw OCIFailure(
                status: .badRequest, code: .paginationNumberInvalid,
                message: "n must be a whole number of 0 or more, not '\(text.prefix(40))'", detail: ["n": String(text.prefix(40))])
        }
        return min(number, most)
    }
}
