import Foundation

/// Where the requests for a bucket go: scheme, host and the path in front of a key.
struct S3Endpoint: Sendable, Equatable {
    let isSecure: Bool
    /// With the port, where it is not the scheme's own: as in the `Host` header, which is signed.
    let host: String
    /// Encoded, without a slash at the end; holds the bucket in path style.
    let basePath: String

    /// - Throws: ``BlobStorageError/failed(_:)`` when the endpoint is no URL.
    init(_ options: S3Options) throws(BlobStorageError) {
        guard let endpoint = options.endpoint, !endpoint.isEmpty else {
            self = Self.amazon(options)
            return
        }
        let text = endpoint.contains("://") ? endpoint : "\(options.secure ? "https" : "http")://\(endpoint)"
        guard let url = URLComponents(string: text), let host = url.encodedHost, !host.isEmpty,
            let scheme = url.scheme?.lowercased(), ["http", "https"].contains(scheme), url.query == nil, url.user == nil
        else {
            throw .failed("storage.s3.regionendpoint: '\(endpoint)' is not a URL such as https://minio.example.org:9000")
        }
        isSecure = scheme == "https"
        let port = url.port.flatMap { $0 == (scheme == "https" ? 443 : 80) ? nil : ":\($0)" } ?? ""
        let path = url.percentEncodedPath.hasSuffix("/") ? String(url.percentEncodedPath.dropLast()) : url.percentEncodedPath
        // An address has no names below it.
        if options.forcePathStyle || Self.isAddress(host) || !Self.fitsHost(options.bucket, isSecure: isSecure) {
            self.host = host + port
            basePath = "\(path)/\(URIEncoding.encode(options.bucket))"
        } else {
            self.host = "\(options.bucket).\(host)\(port)"
            basePath = path
        }
    }

    private init(isSecure: Bool, host: String, basePath: String) {
        self.isSecure = isSecure
        self.host = host
        self.basePath = basePath
    }

    private static func amazon(_ options: S3Options) -> S3Endpoint {
        let domain = options.region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com"
        if options.accelerate {
            // There is no other style for it.
            let host = "\(options.bucket).s3-accelerate\(options.dualStack ? ".dualstack" : "").\(domain)"
            return S3Endpoint(isSecure: options.secure, host: host, basePath: "")
        }
        let service = "s3\(options.dualStack ? ".dualstack" : "").\(options.region).\(domain)"
        guard !options.forcePathStyle, fitsHost(options.bucket, isSecure: options.secure) else {
            return S3Endpoint(isSecure: options.secure, host: service, basePath: "/\(URIEncoding.encode(options.bucket))")
        }
        return S3Endpoint(isSecure: options.secure, host: "\(options.bucket).\(service)", basePath: "")
    }

    /// The path of a key, or of the bucket itself, as it is sent and signed.
    func path(of key: String?) -> String {
        guard let key else { return basePath.isEmpty ? "/" : basePath }
        return "\(basePath)/\(URIEncoding.encode(key, keepingSlashes: true))"
    }

    var origin: String { "\(isSecure ? "https" : "http")://\(host)" }

    /// A certificate for `*.s3.…` does not cover a bucket with a dot in its name.
    private static func fitsHost(_ bucket: String, isSecure: Bool) -> Bool {
        bucket.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-" || $0 == "." && !isSecure) }
    }

    private static func isAddress(_ host: String) -> Bool {
        host.hasPrefix("[") || host.allSatisfy { $0.isNumber || $0 == "." } || host == "localhost"
    }
}

extension URLComponents {
    /// The host as it stands in a URL: an IPv6 address in brackets.
    fileprivate var encodedHost: String? {
        guard let host = percentEncodedHost else { return nil }
        return host.contains(":") && !host.hasPrefix("[") ? "[\(host)]" : host
    }
}
