import NIOHTTP1

/// A request for a bucket, before it is signed.
struct S3Request: Sendable {
    var method: HTTPMethod
    /// nil for the bucket itself.
    var key: String?
    var query: [QueryItem] = []
    var headers: [(name: String, value: String)] = []
    var body: RequestBody?

    init(_ method: HTTPMethod, _ key: String?, query: [QueryItem] = []) {
        self.method = method
        self.key = key
        self.query = query
    }
}
