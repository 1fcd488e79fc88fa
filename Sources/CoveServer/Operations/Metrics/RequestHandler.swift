import HTTPTypes

/// Which endpoint a request is for, by the names of Distribution's routes.
enum RequestHandler: Int, CaseIterable, Sendable {
    case base, catalog, tags, manifest, blob, blobUpload, blobUploadChunk, referrers
    /// Everything that is not the distribution API, and what is no endpoint of it.
    case other

    init(_ route: OCIRoute?) {
        self =
            switch route {
            case .base: .base
            case .catalog: .catalog
            case .tags: .tags
            case .manifest: .manifest
            case .blob: .blob
            case .uploads: .blobUpload
            case .upload: .blobUploadChunk
            case .referrers: .referrers
            case nil: .other
            }
    }

    var name: String {
        switch self {
        case .base: "base"
        case .catalog: "catalog"
        case .tags: "tags"
        case .manifest: "manifest"
        case .blob: "blob"
        case .blobUpload: "blob_upload"
        case .blobUploadChunk: "blob_upload_chunk"
        case .referrers: "referrers"
        case .other: "other"
        }
    }
}

/// A request's method as a label: a client may send any.
enum MethodLabel: Int, CaseIterable, Sendable {
    case get, head, put, post, patch, delete, options, unknown

    init(_ method: HTTPRequest.Method) {
        self =
            switch method {
            case .get: .get
            case .head: .head
            case .put: .put
            case .post: .post
            case .patch: .patch
            case .delete: .delete
            case .options: .options
            default: .unknown
            }
    }

    var name: String { "\(self)" }
}

/// A response's status as a label.
enum StatusLabel {
    /// All that this server answers.
    static let codes = [
        200, 201, 202, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 411, 412, 413, 414, 415,
        416, 422, 429, 431, 500, 501, 502, 503, 504, 507,
    ]

    /// Labels in the order of ``index(of:)``.
    static let names = codes.map(String.init) + ["other"]

    private static let indexes: [UInt8] = (0..<600).map { code in UInt8(codes.firstIndex(of: code) ?? codes.count) }

    static func index(of code: Int) -> Int { indexes.indices.contains(code) ? Int(indexes[code]) : codes.count }
}
