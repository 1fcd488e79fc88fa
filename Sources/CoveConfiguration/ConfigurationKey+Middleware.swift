/// The keys of middleware: what becomes of the URLs that clients are sent to for blobs.
extension ConfigurationKey {
    static let middleware: [ConfigurationKey] = [
        .acts(
            "middleware.storage.[].name", .text, "",
            "What changes the URLs for blobs: cloudfront (signed URLs of a distribution before the bucket), redirect (baseurl and the blob's location under the storage's root), rewrite (parts of the URL before it). They act in their order, the last on what the others give; another name is refused. With a URL for them, clients are answered 307 for blobs above 64KiB."
        ),
        .acts("middleware.storage.[].disabled", .boolean, "false", "Whether the entry is passed over, whatever else it says."),
        .acts(
            "middleware.storage.[].options.baseurl", .text, "",
            "cloudfront, redirect: what the URLs begin with, `SCHEME://HOST[/PATH]`. For cloudfront without a scheme: https."),
        .acts(
            "middleware.storage.[].options.privatekey", .text, "",
            "cloudfront: PEM file of the RSA key that signs URLs, PKCS #1 or PKCS #8."),
        .acts(
            "middleware.storage.[].options.keypairid", .text, "",
            "cloudfront: the id of its public key, of a trusted key group or of an account's key pair."),
        .acts("middleware.storage.[].options.duration", .duration, "20m", "cloudfront: how long a URL is good for, 1s to 168h."),
        .acts(
            "middleware.storage.[].options.ipfilteredby", .text, "none",
            "cloudfront: who is sent to the bucket itself instead: none, aws (clients with an address of AWS's), awsregion (those of awsregion)."
        ),
        .acts(
            "middleware.storage.[].options.awsregion", .texts, "",
            "cloudfront: regions for ipfilteredby: awsregion, as a list or separated by commas."),
        .acts(
            "middleware.storage.[].options.updatefrequency", .duration, "12h",
            "cloudfront: time between two looks at iprangesurl. When one fails, what is known stays; before the first success nobody is filtered."
        ),
        .acts("middleware.storage.[].options.updatefrenquency", .duration, "12h", "As updatefrequency, which registry:2 spelled so."),
        .acts(
            "middleware.storage.[].options.iprangesurl", .text, Configuration.CloudFront.usualRanges,
            "cloudfront: where AWS's addresses are, in the form of the usual value."),
        .acts(
            "middleware.storage.[].options.origin", .choice(Configuration.CloudFront.Origin.allCases.map(\.rawValue)), "bucket",
            "cloudfront: what the distribution fetches from: the bucket of storage.s3, or a web server over storage.filesystem.rootdirectory. On a filesystem without this key, blobs come from this server, as from registry:2. (Cove)"
        ),
        .acts("middleware.storage.[].options.scheme", .text, "", "rewrite: the URL's new scheme, http or https."),
        .acts("middleware.storage.[].options.host", .text, "", "rewrite: the URL's new host, with or without a port."),
        .acts("middleware.storage.[].options.trimpathprefix", .text, "", "rewrite: what is taken off the beginning of the URL's path."),
        .acts(
            "middleware.storage.[].options.*", .text, "",
            "Accepted in an entry that is disabled; otherwise an option that the middleware does not have is refused."),
        .acts(
            "middleware.registry.[].name", .text, "",
            "As in middleware.storage, where it belongs: there is no other middleware of the registry. Used as if it stood there, with a warning."
        ),
        .acts("middleware.registry.[].disabled", .boolean, "false", "As in middleware.storage."),
        .acts("middleware.registry.[].options.*", .text, "", "As in middleware.storage."),
        .acts(
            "middleware.repository.[].name", .text, "",
            "Accepted in an entry that is disabled: there is no middleware of repositories, and any other entry is refused."),
        .acts("middleware.repository.[].disabled", .boolean, "", "Accepted as true, as name."),
        .acts("middleware.repository.[].options.*", .text, "", "Accepted as name."),
    ]
}
