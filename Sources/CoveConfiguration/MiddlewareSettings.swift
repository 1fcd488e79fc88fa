import Foundation

extension Configuration {
    /// An entry of `middleware.storage`: what becomes of the URLs that clients are sent to for blobs.
    package enum Middleware: Sendable, Equatable {
        case cloudFront(CloudFront)
        /// `SCHEME://HOST[/PATH]`, before a blob's location.
        case redirect(baseURL: String)
        case rewrite(Rewrite)
    }

    package struct CloudFront: Sendable, Equatable {
        /// Who is sent to the storage itself, because it is near to it.
        package enum Filter: Sendable, Equatable {
            case none
            /// Clients whose address is one of AWS's.
            case aws
            /// Clients in these of AWS's regions, in lower case.
            case regions([String])
        }

        /// What the distribution fetches from.
        package enum Origin: String, Sendable, CaseIterable {
            /// The bucket of `storage.s3`.
            case bucket
            /// A web server over `storage.filesystem.rootdirectory`.
            case rootDirectory = "rootdirectory"
        }

        package static let usualRanges = "https://ip-ranges.amazonaws.com/ip-ranges.json"

        /// With a scheme, ending in a slash.
        package var baseURL: String
        /// A PEM file of an RSA key.
        package var privateKey: String
        /// The id that CloudFront gave the public key: of a key group's key, or of an account's key pair.
        package var keyPairID: String
        /// How long a URL is good for.
        package var duration = Duration.seconds(20 * 60)
        package var filter = Filter.none
        package var updateFrequency = Duration.seconds(12 * 3600)
        package var rangesURL = CloudFront.usualRanges
        package var origin = Origin.bucket

        package init(baseURL: String, privateKey: String, keyPairID: String) {
            self.baseURL = baseURL
            self.privateKey = privateKey
            self.keyPairID = keyPairID
        }
    }

    package struct Rewrite: Sendable, Equatable {
        /// Nil leaves the URL's own.
        package var scheme: String?
        package var host: String?
        package var trimPathPrefix: String?
    }
}

extension Configuration.Middleware {
    static let names = ["cloudfront", "redirect", "rewrite"]

    /// Reads the three lists. What stands under `registry` and belongs under `storage` is taken as meant.
    ///
    /// - Parameter driver: of the storage.
    static func read(_ reader: inout SettingReader, driver: Configuration.Storage.Driver) -> [Configuration.Middleware] {
        var found: [Configuration.Middleware] = []
        for kind in ["storage", "registry", "repository"] {
            for index in 0..<reader.count("middleware.\(kind)") {
                let path = "middleware.\(kind).\(index)"
                if reader.boolean("\(path).disabled") ?? false { continue }
                guard let name = reader.nonEmptyText("\(path).name") else {
                    reader.refuse("'middleware.\(kind)[\(index)].name' is missing; it is one of \(names.joined(separator: ", "))")
                    continue
                }
                guard kind != "repository", names.contains(name) else {
                    reader.refuse(refusal(of: name, at: "middleware.\(kind)[\(index)]", kind: kind))
                    continue
                }
                if kind == "registry" {
                    reader.warn(
                        "'middleware.registry[\(index)]' is \(name), which is a middleware of the storage: it is used as if it stood under middleware.storage; move it there"
                    )
                }
                if let one = Self(name, "\(path).options", &reader, driver: driver) { found.append(one) }
            }
        }
        return found
    }

    private static func refusal(of name: String, at place: String, kind: String) -> String {
        let known = "those that there are, \(names.joined(separator: ", ")), are of middleware.storage"
        return names.contains(name)
            ? "'\(place)' is \(name), which does not act on repositories; move it to middleware.storage"
            : "'\(place)' is '\(name.prefix(60))', which is not known; \(known). Remove it, or write disabled: true"
    }

    private init?(_ name: String, _ path: String, _ reader: inout SettingReader, driver: Configuration.Storage.Driver) {
        let known =
            switch name {
            case "cloudfront":
                [
                    "baseurl", "privatekey", "keypairid", "duration", "ipfilteredby", "awsregion", "updatefrequency", "updatefrenquency",
                    "iprangesurl", "origin",
                ]
            case "redirect": ["baseurl"]
            default: ["scheme", "host", "trimpathprefix"]
            }
        for option in reader.names(path) where !known.contains(option) {
            reader.refuse(
                "'\(SettingReader.shown("\(path).\(option)"))' is no option of \(name), which has \(known.joined(separator: ", "))")
        }
        switch name {
        case "cloudfront":
            guard let settings = Configuration.CloudFront(path, &reader, driver: driver) else { return nil }
            self = .cloudFront(settings)
        case "redirect":
            guard let base = Self.baseURL(path, &reader, needsScheme: true) else { return nil }
            self = .redirect(baseURL: base)
        default:
            self = .rewrite(Configuration.Rewrite(path, &reader))
        }
    }

    /// A URL that others are made from: no query, no fragment, no credentials.
    fileprivate static func baseURL(_ path: String, _ reader: inout SettingReader, needsScheme: Bool) -> String? {
        let key = SettingReader.shown("\(path).baseurl")
        guard var text = reader.nonEmptyText("\(path).baseurl") else {
            reader.refuse("'\(key)' is missing; write the URL that clients are to be sent to, such as https://cdn.example.org/")
            return nil
        }
        let given = text
        if !needsScheme, !text.contains("://") { text = "https://" + text }
        guard isURL(text) else {
            reader.refuse(
                "'\(key)' must be a URL such as https://cdn.example.org/, without a query, not '\(Secrets.masked(given).prefix(120))'")
            return nil
        }
        return text
    }

    /// `http://` or `https://`, a host with or without a port, and a path of printable characters.
    fileprivate static func isURL(_ text: String) -> Bool {
        guard let scheme = text.range(of: "://"), ["http", "https"].contains(text[..<scheme.lowerBound].lowercased()) else { return false }
        let rest = text[scheme.upperBound...]
        let host = rest.prefix { $0 != "/" }
        return NetworkHost(host) != nil
            && rest[host.endIndex...].utf8.allSatisfy { (0x21...0x7E).contains($0) && !"?#\"<>\\^`{|}".utf8.contains($0) }
    }

    func rendered() -> RenderedValue {
        let name: String
        var options: [(String, RenderedValue)]
        switch self {
        case .cloudFront(let settings):
            name = "cloudfront"
            options = settings.rendered()
        case .redirect(let base):
            name = "redirect"
            options = [("baseurl", .text(base))]
        case .rewrite(let rewrite):
            name = "rewrite"
            options = [("scheme", rewrite.scheme), ("host", rewrite.host), ("trimpathprefix", rewrite.trimPathPrefix)]
                .compactMap { key, value in value.map { (key, .text($0)) } }
        }
        return .map([("name", .text(name)), ("options", .map(options))])
    }
}

extension Configuration.Rewrite {
    fileprivate init(_ path: String, _ reader: inout SettingReader) {
        self.init()
        scheme = reader.nonEmptyText("\(path).scheme")
        host = reader.nonEmptyText("\(path).host")
        trimPathPrefix = reader.nonEmptyText("\(path).trimpathprefix")
        if let scheme, !["http", "https"].contains(scheme.lowercased()) {
            reader.refuse("'\(SettingReader.shown("\(path).scheme"))' must be http or https, not '\(scheme.prefix(60))'")
        }
        if let host, NetworkHost(host) == nil {
            reader.refuse(
                "'\(SettingReader.shown("\(path).host"))' must be a host, or host:port, not '\(Secrets.masked(host).prefix(120))'")
        }
    }
}

extension Configuration.CloudFront {
    fileprivate init?(_ path: String, _ reader: inout SettingReader, driver: Configuration.Storage.Driver) {
        let base = Configuration.Middleware.baseURL(path, &reader, needsScheme: false)
        func needed(_ name: String, _ hint: String) -> String? {
            if let text = reader.nonEmptyText("\(path).\(name)") { return text }
            reader.refuse("'\(SettingReader.shown("\(path).\(name)"))' is missing; \(hint)")
            return nil
        }
        let key = needed("privatekey", "name the PEM file of the RSA key that signs the URLs")
        let id = needed("keypairid", "write the id that CloudFront gave the public key")
        self.init(baseURL: base ?? "", privateKey: key ?? "", keyPairID: id ?? "")
        if !baseURL.hasSuffix("/") { baseURL += "/" }
        if !keyPairID.utf8.allSatisfy({ $0.isASCIILetterOrDigit }) {
            reader.refuse(
                "'\(SettingReader.shown("\(path).keypairid"))' must be letters and digits, such as K2JCJMDEHXQW5F, not '\(keyPairID.prefix(60))'"
            )
        }
        readDuration(path, &reader)
        readFilter(path, &reader)
        origin = reader.choice("\(path).origin", Origin.self) ?? origin
        switch (driver, origin) {
        case (.s3, .bucket), (.filesystem, .rootDirectory): break
        case (_, .rootDirectory):
            reader.refuse(
                "'\(SettingReader.shown("\(path).origin"))' is rootdirectory, and the storage is not the filesystem; remove the key")
        case (_, .bucket):
            reader.warn(
                "'\(SettingReader.shown(path).dropLast(".options".count))' is cloudfront, which reads buckets of S3 only, and the storage is none: blobs come from this server, as from registry:2. Where the distribution's origin is a web server over the storage's root directory, write origin: rootdirectory among its options"
            )
        }
        if base == nil || key == nil || id == nil { return nil }
    }

    private mutating func readDuration(_ path: String, _ reader: inout SettingReader) {
        // Without a unit it is not a duration, and registry:2 takes the usual one.
        if let text = reader.nonEmptyText("\(path).duration"), Int(text) != nil {
            reader.warn(
                "'\(SettingReader.shown("\(path).duration"))' is \(text) without a unit and is not used: URLs are good for 20m; write \(text)s"
            )
        } else {
            duration = reader.duration("\(path).duration", in: .seconds(1)...(.seconds(7 * 86_400))) ?? duration
        }
    }

    private mutating func readFilter(_ path: String, _ reader: inout SettingReader) {
        let times = Duration.seconds(1)...Duration.seconds(30 * 86_400)
        if reader.has("\(path).updatefrenquency") {
            reader.warn(
                "'\(SettingReader.shown("\(path).updatefrenquency"))' is an old slip of the pen for updatefrequency, and acts as it")
            updateFrequency = reader.duration("\(path).updatefrenquency", in: times) ?? updateFrequency
        }
        updateFrequency = reader.duration("\(path).updatefrequency", in: times) ?? updateFrequency
        if let url = reader.nonEmptyText("\(path).iprangesurl") {
            rangesURL = url
            if !Configuration.Middleware.isURL(url) {
                reader.refuse("'\(SettingReader.shown("\(path).iprangesurl"))' must be a URL, not '\(Secrets.masked(url).prefix(120))'")
            }
        }
        let regions = (reader.texts("\(path).awsregion") ?? []).flatMap { $0.split(separator: ",") }
            .map { $0.filter { $0 != " " }.lowercased() }.filter { !$0.isEmpty }
        let word = reader.text("\(path).ipfilteredby")?.filter { $0 != " " }.lowercased() ?? ""
        switch word {
        case "", "none": break
        case "aws": filter = .aws
        case "awsregion" where !regions.isEmpty: filter = .regions(regions)
        case "awsregion":
            reader.refuse("'\(SettingReader.shown("\(path).awsregion"))' is missing; list the regions, such as eu-central-1, eu-west-1")
        default:
            reader.refuse("'\(SettingReader.shown("\(path).ipfilteredby"))' must be one of none, aws, awsregion, not '\(word.prefix(60))'")
        }
    }

    fileprivate func rendered() -> [(String, RenderedValue)] {
        var pairs: [(String, RenderedValue)] = [
            ("baseurl", .text(baseURL)), ("privatekey", .text(privateKey)), ("keypairid", .text(keyPairID)),
            ("duration", .text(duration.goSyntax)),
        ]
        switch filter {
        case .none: pairs.append(("ipfilteredby", .text("none")))
        case .aws: pairs.append(("ipfilteredby", .text("aws")))
        case .regions(let regions):
            pairs += [("ipfilteredby", .text("awsregion")), ("awsregion", .text(regions.joined(separator: ",")))]
        }
        return pairs + [
            ("updatefrequency", .text(updateFrequency.goSyntax)), ("iprangesurl", .text(rangesURL)), ("origin", .text(origin.rawValue)),
        ]
    }
}

extension UInt8 {
    fileprivate var isASCIILetterOrDigit: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }
}
