extension ConfigurationKey {
    /// Every key that Cove or Distribution knows. Checking, suggestions and `docs/configuration.md` all come from here.
    static let table: [ConfigurationKey] =
        general + token + accounts + health + storage + imports + s3 + metadata + middleware + redis + http + debug + proxy + notifications
        + webhooks + audit + jobs
        + validation + old + storeRefusals + refusals

    private static let general: [ConfigurationKey] = [
        .acts("version", .text, "0.1", "Version of the format; 0.1 is the only one."),
        .acts(
            "durability", .choice(["full", "relaxed"]), "full",
            "full: what was acknowledged survives a power cut. relaxed: nothing is synced to disk; for scratch registries. (Cove)"),
        .acts("log.level", .choice(["error", "warn", "info", "debug"]), "info", "Least severe messages that are written."),
        .acts("log.formatter", .choice(["text", "json", "logstash"]), "text", "Form of the log lines and of the access log."),
        .acts("log.fields.*", .text, "", "Fields added to every line."),
        .acts("log.accesslog.disabled", .boolean, "false", "Whether to leave out the line for each request."),
        .acts("auth.htpasswd.realm", .text, "Registry", "Realm shown when credentials are asked for."),
        .acts(
            "auth.htpasswd.path", .text, "",
            "File of user:hash lines with bcrypt hashes. Read again when it changes. When there is none, it is made with a user docker, whose password is in the file of this name with .password after it. Without the key, anyone may push and pull."
        ),
        .acts("auth.none", .text, "", "Nobody is asked who they are, as without the section. Write it as `auth: none`."),
        .acts("catalog.maxentries", .integer, "1000", "Largest page of /v2/_catalog, at most 100000; 0 and less for the usual one."),
        .acts(
            "tags.maxtags", .integer, "100000",
            "Largest page of a tag list that is asked for with n; 0 for the usual one, which is also the most."),
        .acts(
            "policy.repository.classes", .texts, "",
            "Classes of images that may be pushed, image and plugin; a token must allow the class, too. As in registry:2, artifacts of any other kind are refused then."
        ),
    ]

    private static let storage: [ConfigurationKey] = [
        .acts(
            "storage.filesystem.rootdirectory", .text, "/var/lib/registry",
            "Directory of blobs, uploads and metadata. Without a configuration file: ./data."),
        .acts(
            "storage.filesystem.maxthreads", .integer, "100",
            "Most threads for file operations; from 4 to 64 are started, whatever it says."),
        .acts("storage.inmemory", .boolean, "", "Keep everything in memory, for tests. Write it as `inmemory: {}`."),
        .acts(
            "storage.delete.enabled", .boolean, "false",
            "Whether manifests, tags and blobs may be deleted. Without a configuration file: true."),
        .acts(
            "storage.redirect.disable", .boolean, "false",
            "Whether clients get every blob through this server. Otherwise blobs above 64KiB in S3 are answered with a URL of the bucket that holds for a while. Those on a filesystem always come from here."
        ),
        .acts(
            "storage.cache.blobdescriptor", .choice(["none", "inmemory", "redis"]), "inmemory",
            "Where the whereabouts of blobs are kept beside the metadata: in memory, in memory and in Redis for all nodes, or nowhere."),
        .acts(
            "storage.cache.blobdescriptorsize", .integer, "50000",
            "How many blobs' whereabouts are kept in memory, at most 10000000, which 0 stands for as well."),
        .acts(
            "storage.tag.concurrencylimit", .integer, "",
            "Accepted: looking up a manifest's tags is one database query, so there is nothing to limit."),
        .acts("storage.maintenance.uploadpurging.enabled", .boolean, "true", "Whether abandoned uploads are ended."),
        .acts("storage.maintenance.uploadpurging.age", .duration, "168h", "How long an upload may be idle."),
        .acts("storage.maintenance.uploadpurging.interval", .duration, "24h", "Time between two sweeps; at most an hour is waited."),
        .acts("storage.maintenance.uploadpurging.dryrun", .boolean, "false", "Only log what would be ended."),
        .acts("storage.maintenance.readonly.enabled", .boolean, "false", "Whether pushes and deletions are refused."),
    ]

    private static let http: [ConfigurationKey] =
        [
            .acts(
                "http.addr", .text, ":5000",
                "Address to listen on: host:port, :port for every interface, or a path with net: unix. Without a configuration file: 127.0.0.1:5000."
            ),
            .acts("http.net", .choice(["tcp", "unix"]), "tcp", "Kind of the address."),
            .acts("http.prefix", .text, "/", "Path under which the API is served, as behind a proxy."),
            .acts("http.host", .text, "", "Outside URL, for Location headers. Otherwise taken from Forwarded, X-Forwarded-* and Host."),
            .acts(
                "http.secret", .text, "",
                "Accepted: uploads are kept in the metadata store, so there is no state to sign, and nodes need not share a secret."),
            .acts("http.relativeurls", .boolean, "false", "Whether Location headers are relative."),
            .acts("http.draintimeout", .duration, "60s", "How long requests may go on after SIGTERM."),
            .acts(
                "http.gracetime", .duration, "",
                "How long requests are taken after SIGTERM, each HTTP/1 connection closed after its answer, before the addresses are closed, so that load balancers can turn away: at most this, less when nothing is asked for 1s. Usually 3s with metadata in PostgreSQL, else 0s. (Cove)"
            ),
            .acts("http.headers.*", .texts, "", "Header fields added to every response."),
            .acts("http.http2.disabled", .boolean, "false", "Whether HTTP/2 is left out on TLS addresses."),
        ]
        + tls("http.tls") + letsEncrypt
        + [
            .acts("http.listeners.[].addr", .text, "", "A further address to listen on. (Cove)"),
            .acts("http.listeners.[].net", .choice(["tcp", "unix"]), "tcp", "Kind of that address. (Cove)"),
        ] + tls("http.listeners.[].tls")
        + [
            .acts("http.limits.maxconnections", .integer, "8192", "Connections at once on an address; more wait to be accepted. (Cove)"),
            .acts("http.limits.headertimeout", .duration, "30s", "Time for a connection's first complete request head. (Cove)"),
            .acts("http.limits.idletimeout", .duration, "75s", "Time for the next request on a connection. (Cove)"),
            .acts(
                "http.limits.bodytimeout", .duration, "30s",
                "Longest silence within the body of a request, or of a response that the client does not take. (Cove)"),
            .acts(
                "http.limits.minbodyrate", .size, "1024",
                "Least bytes a second of a request or response body, averaged over 30s; 0 for none. (Cove)"),
            .acts("http.limits.maxheaderbytes", .size, "64KiB", "Largest request head. (Cove)"),
        ]

    private static func tls(_ path: String) -> [ConfigurationKey] {
        [
            .acts("\(path).certificate", .text, "", "PEM file of the certificate chain. Read again when it changes."),
            .acts("\(path).key", .text, "", "PEM file of the private key."),
            .acts("\(path).clientcas", .texts, "", "PEM files of authorities; clients must show a certificate of one of them."),
            .acts(
                "\(path).clientauth", .choice(["require-and-verify-client-cert", "verify-client-cert-if-given"]),
                "require-and-verify-client-cert", "What is asked of clients when clientcas is set."),
            .acts("\(path).minimumtls", .choice(["tls1.2", "tls1.3"]), "tls1.2", "Lowest TLS version."),
            .acts("\(path).ciphersuites", .texts, "", "Cipher suites for TLS 1.2 by their standard names."),
        ]
    }

    private static let validation: [ConfigurationKey] = [
        .acts("validation.disabled", .boolean, "false", "Whether manifests may refer to content that is not there, and to any URL."),
        .acts(
            "validation.manifests.urls.allow", .texts, "",
            "Regular expressions; a layer's URL must match one. With neither allow nor deny, any URL is accepted."),
        .acts("validation.manifests.urls.deny", .texts, "", "Regular expressions that no layer's URL may match."),
        .acts(
            "validation.manifests.indexes.platforms", .choice(["all", "none", "list"]), "all",
            "Which images of an index must be in the repository when it is pushed."),
        .acts(
            "validation.manifests.indexes.platformlist.[].os", .text, "", "With platforms: list, an operating system that must be there."),
        .acts("validation.manifests.indexes.platformlist.[].architecture", .text, "", "Its architecture."),
        .acts("validation.manifests.indexes.platformlist.[].variant", .text, "", "Its variant, if that matters."),
    ]

    private static let refusals: [ConfigurationKey] = [
        .refused("auth.silly", "silly authentication accepts anybody; use auth.htpasswd"),
        .refused(
            "reporting",
            "Bugsnag and New Relic are not supported, as in registry:3; remove the key, and have your log collector tell of errors"),
    ]
}
