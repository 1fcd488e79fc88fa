import Testing

@testable import CoveConfiguration

@Suite("Configuration: middleware")
struct MiddlewareSettingsTests {
    private typealias Samples = ConfigurationSamples

    private static func yaml(_ middleware: String, storage: String = "{s3: {bucket: b, region: r}}") -> String {
        "version: 0.1\nstorage: \(storage)\nmetadata: {url: \"postgresql://db/cove\"}\nmiddleware: \(middleware)"
    }

    private static let cloudFront = "name: cloudfront, options: {baseurl: cdn.example.org, privatekey: /k.pem, keypairid: K1"

    private func parse(_ middleware: String, storage: String = "{s3: {bucket: b, region: r}}") throws -> (
        [Configuration.Middleware], warnings: [String]
    ) {
        let (configuration, warnings) = try Configuration.parse(yaml: Self.yaml(middleware, storage: storage))
        return (configuration.middleware, warnings)
    }

    @Test("cloudfront has registry:2's usual values")
    func usual() throws {
        let (found, warnings) = try parse("{storage: [{\(Self.cloudFront)}}]}")
        var expected = Configuration.CloudFront(baseURL: "https://cdn.example.org/", privateKey: "/k.pem", keyPairID: "K1")
        #expect(found == [.cloudFront(expected)])
        #expect(expected.duration == .seconds(1200) && expected.updateFrequency == .seconds(12 * 3600))
        #expect(warnings.isEmpty)
        let more =
            "duration: 50m, ipfilteredby: AWSRegion, awsregion: 'us-east-1, EU-west-1', updatefrequency: 1h, iprangesurl: 'http://l:1/r.json'"
        expected.duration = .seconds(3000)
        expected.filter = .regions(["us-east-1", "eu-west-1"])
        expected.updateFrequency = .seconds(3600)
        expected.rangesURL = "http://l:1/r.json"
        #expect(try parse("{storage: [{\(Self.cloudFront), \(more)}}]}").0 == [.cloudFront(expected)])
    }

    @Test("middleware acts in its order; what is disabled is passed over, whatever it is")
    func order() throws {
        let (found, warnings) = try parse(
            "{storage: [{name: redirect, options: {baseurl: 'http://a:1/b'}}, {name: gone, disabled: true, options: {x: 1}}, {name: rewrite, options: {host: h, trimpathprefix: /p}}], repository: [{name: y, disabled: true}]}"
        )
        #expect(found == [.redirect(baseURL: "http://a:1/b"), .rewrite(.init(host: "h", trimPathPrefix: "/p"))])
        #expect(warnings.isEmpty)
    }

    @Test("cloudfront under middleware.registry does what was meant, and says so")
    func misplaced() throws {
        let (found, warnings) = try parse("{registry: [{\(Self.cloudFront)}}]}")
        #expect(found == [.cloudFront(.init(baseURL: "https://cdn.example.org/", privateKey: "/k.pem", keyPairID: "K1"))])
        #expect(
            warnings == [
                "'middleware.registry[0]' is cloudfront, which is a middleware of the storage: it is used as if it stood under middleware.storage; move it there"
            ])
    }

    @Test("on a filesystem, CloudFront has nothing to fetch unless it is said what")
    func filesystem() throws {
        let (_, warnings) = try parse("{storage: [{\(Self.cloudFront)}}]}", storage: "{filesystem: {rootdirectory: /r}}")
        #expect(warnings.count == 1)
        #expect(warnings.first?.hasPrefix("'middleware.storage[0]' is cloudfront, which reads buckets of S3 only") == true)
        let (found, none) = try parse(
            "{storage: [{\(Self.cloudFront), origin: rootdirectory}}]}", storage: "{filesystem: {rootdirectory: /r}}")
        #expect(none.isEmpty)
        guard case .cloudFront(let settings)? = found.first else { throw ConfigurationError(problems: ["no cloudfront"]) }
        #expect(settings.origin == .rootDirectory)
    }

    @Test("with redirects off there is nothing for middleware to do")
    func redirectsOff() throws {
        let (_, warnings) = try parse("{storage: [{name: rewrite}]}", storage: "{filesystem: {}, redirect: {disable: true}}")
        #expect(warnings == ["'middleware.storage' has nothing to do, as storage.redirect.disable keeps clients from being sent elsewhere"])
    }

    @Test("a duration without a unit is not one, and registry:2's slip of the pen acts")
    func oddities() throws {
        let (found, warnings) = try parse("{storage: [{\(Self.cloudFront), duration: 3000, updatefrenquency: 1h}}]}")
        guard case .cloudFront(let settings)? = found.first else { throw ConfigurationError(problems: ["no cloudfront"]) }
        #expect(settings.duration == .seconds(1200))
        #expect(settings.updateFrequency == .seconds(3600))
        #expect(warnings.count == 2)
        #expect(warnings.first?.contains("URLs are good for 20m; write 3000s") == true)
    }

    @Test(
        "what cannot act is refused with what to do",
        arguments: [
            (
                "{storage: [{name: nginx}]}",
                "'middleware.storage[0]' is 'nginx', which is not known; those that there are, cloudfront, redirect, rewrite, are of middleware.storage. Remove it, or write disabled: true"
            ),
            (
                "{repository: [{name: redirect}]}",
                "'middleware.repository[0]' is redirect, which does not act on repositories; move it to middleware.storage"
            ),
            ("{storage: [{options: {}}]}", "'middleware.storage[0].name' is missing; it is one of cloudfront, redirect, rewrite"),
            (
                "{storage: [{name: redirect}]}",
                "'middleware.storage[0].options.baseurl' is missing; write the URL that clients are to be sent to, such as https://cdn.example.org/"
            ),
            (
                "{storage: [{name: redirect, options: {baseurl: cdn.example.org}}]}",
                "'middleware.storage[0].options.baseurl' must be a URL such as https://cdn.example.org/, without a query, not 'cdn.example.org'"
            ),
            (
                "{storage: [{name: redirect, options: {baseurl: 'https://a/?b=c'}}]}",
                "'middleware.storage[0].options.baseurl' must be a URL such as https://cdn.example.org/, without a query, not 'https://a/?b=c'"
            ),
            (
                "{storage: [{name: rewrite, options: {baseurl: 'https://a/'}}]}",
                "'middleware.storage[0].options.baseurl' is no option of rewrite, which has scheme, host, trimpathprefix"
            ),
            (
                "{storage: [{name: rewrite, options: {scheme: ftp}}]}",
                "'middleware.storage[0].options.scheme' must be http or https, not 'ftp'"
            ),
            (
                "{storage: [{name: rewrite, options: {host: 'a/b'}}]}",
                "'middleware.storage[0].options.host' must be a host, or host:port, not 'a/b'"
            ),
            (
                "{storage: [{name: cloudfront, options: {baseurl: 'https://a', keypairid: K}}]}",
                "'middleware.storage[0].options.privatekey' is missing; name the PEM file of the RSA key that signs the URLs"
            ),
            (
                "{storage: [{\(Self.cloudFront), ipfilteredby: awsregion}}]}",
                "'middleware.storage[0].options.awsregion' is missing; list the regions, such as eu-central-1, eu-west-1"
            ),
            (
                "{storage: [{\(Self.cloudFront), ipfilteredby: moon}}]}",
                "'middleware.storage[0].options.ipfilteredby' must be one of none, aws, awsregion, not 'moon'"
            ),
            (
                "{storage: [{\(Self.cloudFront), duration: soon}}]}",
                "'middleware.storage[0].options.duration' must be a duration such as 30s, 5m or 168h, from 1.0 seconds to 604800.0 seconds, not 'soon'"
            ),
            (
                "{storage: [{\(Self.cloudFront), origin: rootdirectory}}]}",
                "'middleware.storage[0].options.origin' is rootdirectory, and the storage is not the filesystem; remove the key"
            ),
        ])
    func refused(middleware: String, problem: String) {
        // Without the line, which is of the value.
        let problems = Samples.problems(Self.yaml(middleware)).map { $0.replacing(" (line 4)", with: "") }
        #expect(problems == [problem])
    }
}
