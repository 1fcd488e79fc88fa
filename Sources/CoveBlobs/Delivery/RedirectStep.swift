import Foundation

/// Sends clients to another server that has the storage's files: `baseurl` and the blob's location.
package struct RedirectStep: DeliveryStep {
    private let base: String

    /// - Parameter baseURL: a URL without a query, with or without a slash at its end.
    package init(baseURL: String) {
        base = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
    }

    package func url(
        of blob: DeliveredBlob, before: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String? {
        "\(base)/\(URIEncoding.encode(blob.location, keepingSlashes: true))"
    }
}

/// Replaces parts of the URL: its scheme, its host with the port, the beginning of its path.
package struct RewriteStep: DeliveryStep {
    private let scheme: String?
    private let host: String?
    private let prefix: String?

    /// - Parameters: what takes the place of the URL's own; nil leaves it.
    package init(scheme: String?, host: String?, trimmedPrefix: String?) {
        self.scheme = scheme
        self.host = host
        prefix = trimmedPrefix
    }

    package func url(
        of blob: DeliveredBlob, before: () async throws(BlobStorageError) -> String?
    ) async throws(BlobStorageError) -> String? {
        guard let url = try await before() else { return nil }
        guard let colon = url.range(of: "://") else { return url }
        let rest = url[colon.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        var path = rest[authority.endIndex...]
        if let prefix, path.hasPrefix(prefix) {
            path = path.dropFirst(prefix.count)
            if let first = path.first, first != "/", first != "?" { path = "/" + path }
        }
        return "\(scheme ?? String(url[..<colon.lowerBound]))://\(host ?? String(authority))\(path)"
    }
}
