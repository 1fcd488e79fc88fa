import CoveOutbound

/// Where and how to reach an S3 bucket: the `storage.s3` keys of registry:2 and registry:3.
package struct S3Options: Sendable, Equatable {
    /// What new objects are encrypted with on the server.
    package enum Encryption: Sendable, Equatable {
        /// `encrypt: true`: with the bucket's keys (SSE-S3).
        case s3
        /// `encrypt: true` and `keyid`: with a key of KMS.
        case kms(keyID: String)
    }

    package var bucket: String
    package var region: String
    /// A URL such as `https://minio.example.org:9000`, for other than AWS; nil for AWS's own of the region.
    package var endpoint: String?
    /// Whether the bucket is in the path rather than in the host name.
    package var forcePathStyle = false
    /// Given in the configuration; nil to ask the environment, shared files, web identity and the instance.
    package var accessKey: String?
    package var secretKey: String?
    package var sessionToken: String?
    /// Whether to use HTTPS when ``endpoint`` does not say.
    package var secure = true
    /// Whether to accept any certificate.
    package var skipVerify = false
    package var dualStack = false
    package var accelerate = false
    /// A prefix of every key; empty or without slashes at either end.
    package var rootDirectory = ""
    /// Bytes of a part of a multipart upload, 5 MiB to 5 GiB.
    package var chunkSize = 10 * 1024 * 1024
    package var encryption: Encryption?
    /// `STANDARD`, `REDUCED_REDUNDANCY`, …; nil for the bucket's own.
    package var storageClass: String?
    /// A canned ACL such as `private` or `bucket-owner-full-control`; nil to send none.
    package var objectACL: String?
    /// Added to the `User-Agent`.
    package var userAgent: String?
    /// Which proxy the connections go through.
    package var proxies = OutboundProxies.none

    package init(bucket: String, region: String) {
        self.bucket = bucket
        self.region = region
    }
}

/// Options are printed when something goes wrong with them; what opens the bucket is not.
extension S3Options: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "bucket \(bucket) in \(endpoint ?? region), access key \(accessKey ?? "from elsewhere")" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["bucket": bucket, "accessKey": accessKey as Any]) }
}
