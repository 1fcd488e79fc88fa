import Foundation

/// The `storage.s3` section: where a bucket is and how its objects are written.
package struct S3Settings: Sendable, Equatable {
    package enum StorageClass: String, Sendable, CaseIterable {
        /// No class is sent.
        case unnamed = "NONE"
        case standard = "STANDARD"
        case reducedRedundancy = "REDUCED_REDUNDANCY"
        case standardIA = "STANDARD_IA"
        case oneZoneIA = "ONEZONE_IA"
        case intelligentTiering = "INTELLIGENT_TIERING"
        case outposts = "OUTPOSTS"
        case glacierIR = "GLACIER_IR"
        case expressOneZone = "EXPRESS_ONEZONE"
    }

    /// Canned ACLs.
    package enum ObjectACL: String, Sendable, CaseIterable {
        case `private`
        case publicRead = "public-read"
        case publicReadWrite = "public-read-write"
        case authenticatedRead = "authenticated-read"
        case awsExecRead = "aws-exec-read"
        case bucketOwnerRead = "bucket-owner-read"
        case bucketOwnerFullControl = "bucket-owner-full-control"
    }

    package var bucket: String
    package var region: String
    /// A host with or without scheme, port and path; nil for AWS's own of the region.
    package var regionEndpoint: String?
    package var forcePathStyle = false
    /// Both keys or neither.
    package var accessKey: String?
    package var secretKey: String?
    package var sessionToken: String?
    /// HTTPS where ``regionEndpoint`` does not say.
    package var secure = true
    package var skipVerify = false
    package var dualStack = false
    package var accelerate = false
    package var fips = false
    /// As written, with or without slashes at its ends.
    package var rootDirectory = ""
    /// Bytes, 5 MiB to 5 GiB.
    package var chunkSize = 10 * 1024 * 1024
    package var encrypt = false
    /// Only with ``encrypt``.
    package var keyID: String?
    package var storageClass = StorageClass.unnamed
    package var objectACL: ObjectACL?
    package var userAgent: String?

    package init(bucket: String, region: String) {
        self.bucket = bucket
        self.region = region
    }
}

extension S3Settings {
    private static let path = "storage.s3"
    private static let partSizes = 5 * 1024 * 1024...5 * 1024 * 1024 * 1024

    init(_ reader: inout SettingReader) {
        let path = Self.path
        let endpoint = reader.nonEmptyText("\(path).regionendpoint")
        self.init(
            bucket: reader.text("\(path).bucket") ?? "",
            // Where an endpoint is named, a region is no more than a word in signatures.
            region: reader.nonEmptyText("\(path).region") ?? (endpoint == nil ? "" : "us-east-1"))
        regionEndpoint = endpoint
        forcePathStyle = reader.boolean("\(path).forcepathstyle") ?? (endpoint != nil)
        accessKey = reader.nonEmptyText("\(path).accesskey")
        secretKey = reader.nonEmptyText("\(path).secretkey")
        sessionToken = reader.nonEmptyText("\(path).sessiontoken")
        secure = reader.boolean("\(path).secure") ?? true
        skipVerify = reader.boolean("\(path).skipverify") ?? false
        dualStack = reader.boolean("\(path).usedualstack") ?? false
        accelerate = reader.boolean("\(path).accelerate") ?? false
        fips = reader.boolean("\(path).usefipsendpoint") ?? false
        rootDirectory = reader.text("\(path).rootdirectory") ?? ""
        chunkSize = reader.size("\(path).chunksize", in: Self.partSizes) ?? chunkSize
        encrypt = reader.boolean("\(path).encrypt") ?? false
        keyID = reader.nonEmptyText("\(path).keyid")
        storageClass = reader.choice("\(path).storageclass", StorageClass.self) ?? .unnamed
        objectACL = reader.choice("\(path).objectacl", ObjectACL.self)
        userAgent = reader.nonEmptyText("\(path).useragent")
        checkKeysWithoutEffect(&reader)
        checkPlace(&reader)
        checkCombinations(&reader)
    }

    private func checkKeysWithoutEffect(_ reader: inout SettingReader) {
        let path = Self.path
        _ = reader.size("\(path).multipartcopychunksize", in: Self.partSizes)
        _ = reader.integer("\(path).multipartcopymaxconcurrency", in: 1...Int.max)
        _ = reader.size("\(path).multipartcopythresholdsize", in: 0...Self.partSizes.upperBound)
        if reader.boolean("\(path).v4auth") == false {
            reader.refuse("'\(path).v4auth' cannot be false: requests are signed by version 4 only; remove the key")
        }
        if let level = reader.text("\(path).loglevel"), level.lowercased() != "off" {
            reader.refuse(
                "'\(path).loglevel' must be off, not '\(level.prefix(40))': requests to S3 are not logged one by one; use log.level: debug for those that are tried again"
            )
        }
    }

    private func checkPlace(_ reader: inout SettingReader) {
        let path = Self.path
        if bucket.isEmpty {
            reader.refuse("'\(path).bucket' is missing; name the bucket, which must be there already")
        } else if bucket.utf8.count > 255 || !bucket.utf8.allSatisfy({ $0.isWordCharacter || $0 == UInt8(ascii: ".") }) {
            reader.refuse("'\(path).bucket' must be a bucket's name of letters, digits, '.', '_' and '-', not '\(bucket.prefix(80))'")
        }
        if region.isEmpty {
            reader.refuse("'\(path).region' is missing; name the bucket's region, such as eu-central-1")
        } else if region.utf8.count > 64 || !region.utf8.allSatisfy(\.isWordCharacter) {
            reader.refuse("'\(path).region' must be a region's name such as eu-central-1, not '\(region.prefix(80))'")
        }
        if let regionEndpoint, !Self.isEndpoint(regionEndpoint) {
            reader.refuse(
                "'\(path).regionendpoint' must be a URL such as https://minio.example.org:9000, not '\(Secrets.masked(regionEndpoint).prefix(120))'"
            )
        }
        if let userAgent, !userAgent.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) {
            reader.refuse("'\(path).useragent' must be plain text")
        }
    }

    private func checkCombinations(_ reader: inout SettingReader) {
        let path = Self.path
        if (accessKey == nil) != (secretKey == nil) {
            let missing = accessKey == nil ? "accesskey" : "secretkey"
            reader.refuse(
                "'\(path).\(missing)' is missing; give both keys, or neither to take credentials from the environment, shared files or the instance"
            )
        }
        if sessionToken != nil, accessKey == nil, secretKey == nil {
            reader.refuse("'\(path).sessiontoken' needs accesskey and secretkey beside it")
        }
        if keyID != nil, !encrypt {
            reader.refuse("'\(path).keyid' has no effect without encrypt; write \(path).encrypt: true, or remove the key")
        }
        for (name, isOn) in [("usedualstack", dualStack), ("accelerate", accelerate), ("usefipsendpoint", fips)]
        where isOn && regionEndpoint != nil {
            reader.refuse("'\(path).\(name)' is of AWS's own endpoints, and regionendpoint names another; remove one of them")
        }
        if accelerate, forcePathStyle || fips {
            reader.refuse("'\(path).accelerate' goes with neither forcepathstyle nor usefipsendpoint; remove one of them")
        }
    }

    /// `host`, `host:port`, or either after `http://` or `https://`, with or without a path.
    private static func isEndpoint(_ text: String) -> Bool {
        var rest = text[...]
        if let scheme = rest.range(of: "://") {
            guard ["http", "https"].contains(rest[..<scheme.lowerBound].lowercased()) else { return false }
            rest = rest[scheme.upperBound...]
        }
        let host = rest.prefix { $0 != "/" }
        let path = rest[host.endIndex...]
        return NetworkHost(host) != nil && path.utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#\"<>".utf8.contains($0) }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        func secret(_ text: String) -> RenderedValue { .text(maskingSecrets ? Secrets.mask : text) }
        var pairs: [(String, RenderedValue)] = [("bucket", .text(bucket)), ("region", .text(region))]
        if let regionEndpoint { pairs.append(("regionendpoint", .text(regionEndpoint))) }
        pairs.append(("forcepathstyle", .flag(forcePathStyle)))
        if let accessKey { pairs.append(("accesskey", .text(accessKey))) }
        if let secretKey { pairs.append(("secretkey", secret(secretKey))) }
        if let sessionToken { pairs.append(("sessiontoken", secret(sessionToken))) }
        pairs += [
            ("secure", .flag(secure)), ("skipverify", .flag(skipVerify)), ("usedualstack", .flag(dualStack)),
            ("accelerate", .flag(accelerate)), ("usefipsendpoint", .flag(fips)), ("rootdirectory", .text(rootDirectory)),
            ("chunksize", .number(chunkSize)), ("encrypt", .flag(encrypt)),
        ]
        if let keyID { pairs.append(("keyid", .text(keyID))) }
        pairs.append(("storageclass", .text(storageClass.rawValue)))
        if let objectACL { pairs.append(("objectacl", .text(objectACL.rawValue))) }
        if let userAgent { pairs.append(("useragent", .text(userAgent))) }
        return .map(pairs)
    }
}

extension UInt8 {
    /// A letter, a digit, `_` or `-`.
    fileprivate var isWordCharacter: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
