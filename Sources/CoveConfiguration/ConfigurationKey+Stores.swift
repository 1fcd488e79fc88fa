/// The keys of the stores that many nodes share.
extension ConfigurationKey {
    static let s3: [ConfigurationKey] = [
        .acts("storage.s3.bucket", .text, "", "Bucket of the blobs, which must be there already. Needed."),
        .acts("storage.s3.region", .text, "", "Region of the bucket. Needed without regionendpoint; with it, usually us-east-1."),
        .acts(
            "storage.s3.regionendpoint", .text, "",
            "Where S3 is, when it is not AWS: `https://minio.example.org:9000`, or host and port alone, then reached as secure says."),
        .acts(
            "storage.s3.forcepathstyle", .boolean, "",
            "Whether URLs have the bucket in their path rather than in the host name. Without the key: true with regionendpoint, as in registry:2, and false without."
        ),
        .acts(
            "storage.s3.accesskey", .text, "",
            "Access key, with secretkey. Without both, credentials are looked for in the environment, in shared files, by web identity and at the instance."
        ),
        .acts("storage.s3.secretkey", .text, "", "Secret key, with accesskey."),
        .acts("storage.s3.sessiontoken", .text, "", "Session token, when accesskey and secretkey are temporary ones."),
        .acts("storage.s3.secure", .boolean, "true", "Whether HTTPS is spoken, where regionendpoint does not say http:// or https://."),
        .acts("storage.s3.skipverify", .boolean, "false", "Whether any certificate of S3 is accepted; for tests."),
        .acts("storage.s3.usedualstack", .boolean, "false", "Whether to use AWS's endpoints for IPv6 and IPv4."),
        .acts("storage.s3.accelerate", .boolean, "false", "Whether to use AWS's Transfer Acceleration."),
        .acts("storage.s3.usefipsendpoint", .boolean, "false", "Whether to use AWS's FIPS endpoint of the region."),
        .acts("storage.s3.rootdirectory", .text, "", "Prefix of all keys in the bucket."),
        .acts("storage.s3.chunksize", .size, "10MiB", "Size of a part of a multipart upload, 5MiB to 5GiB."),
        .acts(
            "storage.s3.encrypt", .boolean, "false",
            "Whether S3 is asked to encrypt new objects: by the bucket's keys, or by keyid's."),
        .acts("storage.s3.keyid", .text, "", "Key of KMS for encrypt: true."),
        .acts(
            "storage.s3.storageclass", .choice(S3Settings.StorageClass.allCases.map(\.rawValue)), "NONE",
            "Storage class of new objects. With NONE, no class is sent, and S3 takes STANDARD."),
        .acts(
            "storage.s3.objectacl", .choice(S3Settings.ObjectACL.allCases.map(\.rawValue)), "",
            "Canned ACL of new objects. Without the key none is sent, and S3 takes private."),
        .acts("storage.s3.useragent", .text, "", "Added to the User-Agent of requests to S3."),
        .acts("storage.s3.v4auth", .boolean, "true", "Accepted as true: requests are signed by version 4 only. False is refused."),
        .acts(
            "storage.s3.loglevel", .text, "off",
            "Accepted as off: requests to S3 are not logged one by one; log.level: debug logs those that are tried again. Anything else is refused."
        ),
        .acts(
            "storage.s3.multipartcopychunksize", .size, "", "Accepted: Cove never copies an object, so there is nothing to split."),
        .acts(
            "storage.s3.multipartcopymaxconcurrency", .integer, "",
            "Accepted: Cove never copies an object, so there is nothing to split."),
        .acts(
            "storage.s3.multipartcopythresholdsize", .size, "",
            "Accepted: Cove never copies an object, so there is nothing to split."),
    ]

    static let metadata: [ConfigurationKey] = [
        .acts(
            "metadata.url", .text, "",
            "Where the metadata is: `sqlite:PATH`, or `postgresql://user:password@host:port/database` as libpq takes it, with several hosts, a socket's directory and parameters such as `?sslmode=verify-full&sslrootcert=/etc/cove/ca.pem`, which set up TLS. Without it: cove.db in storage.filesystem.rootdirectory; with storage.s3 /var/lib/registry/cove.db, for one node, with a warning. (Cove)"
        ),
        .acts("metadata.maxconnections", .integer, "10", "Most connections of this node to PostgreSQL, 2 to 500. (Cove)"),
        .acts("metadata.statementtimeout", .duration, "10s", "Longest that PostgreSQL may work on a statement. (Cove)"),
        .acts("metadata.locktimeout", .duration, "5s", "Longest that a statement may wait for another's lock in PostgreSQL. (Cove)"),
        .acts("metadata.connecttimeout", .duration, "5s", "Longest that connecting to a host of PostgreSQL may take. (Cove)"),
    ]

    static let redis: [ConfigurationKey] =
        [
            .acts(
                "redis.addr", .text, "",
                "host:port of Redis. The section acts when storage.cache.blobdescriptor is redis; otherwise it is warned of."),
            .acts(
                "redis.addrs", .texts, "", "The same as a list: one host:port, or those of the sentinels. A Redis Cluster is not supported."
            ),
            .acts("redis.mastername", .text, "", "What the sentinels at addrs call the master. They are asked again when it changes."),
            .acts("redis.username", .text, "", "User of Redis, with password."),
            .acts("redis.password", .text, "", "Password of Redis."),
            .acts("redis.sentinelusername", .text, "", "User of the sentinels, with sentinelpassword."),
            .acts("redis.sentinelpassword", .text, "", "Password of the sentinels."),
            .acts("redis.db", .integer, "0", "Number of the database."),
            .acts("redis.dialtimeout", .duration, "1s", "Longest that connecting, or finding the master, may take."),
            .acts("redis.readtimeout", .duration, "500ms", "A command is given up after this and writetimeout together."),
            .acts("redis.writetimeout", .duration, "500ms", "As readtimeout."),
            .acts(
                "redis.pool.maxactive", .integer, "16",
                "Most connections; 0 for the usual number. Each carries many commands at once, so nothing waits for one."),
            .acts("redis.pool.maxidle", .integer, "", "Most unused connections, and with them most connections; 0 for no such limit."),
            .acts("redis.pool.idletimeout", .duration, "5m", "How long an unused connection is kept."),
            .acts("redis.poolsize", .integer, "16", "As pool.maxactive."),
            .acts("redis.maxactiveconns", .integer, "", "As pool.maxactive; the lowest of the limits holds."),
            .acts("redis.maxidleconns", .integer, "", "As pool.maxidle."),
            .acts("redis.connmaxidletime", .duration, "5m", "As pool.idletimeout."),
            .acts(
                "redis.tls.enabled", .boolean, "", "Whether Redis is spoken to by TLS. Without the key: when another of redis.tls is set."
            ),
            .acts("redis.tls.certificate", .text, "", "PEM file of the certificate that is shown to Redis."),
            .acts("redis.tls.key", .text, "", "PEM file of its private key."),
            .acts("redis.tls.rootcas", .texts, "", "PEM files of the authorities of Redis's certificate. Otherwise the system's."),
            .acts("redis.tls.clientcas", .texts, "", "As rootcas, which it was called until registry 3.1."),
        ] + redisWithoutEffect

    private static let redisWithoutEffect: [ConfigurationKey] = [
        .acts("redis.protocol", .integer, "", "Accepted: what Cove asks is answered alike in 2 and 3."),
        .acts("redis.maxretries", .integer, "", "Accepted: nothing is asked twice; when Redis fails, the metadata store is asked."),
        .acts("redis.minretrybackoff", .duration, "", "Accepted: as redis.maxretries."),
        .acts("redis.maxretrybackoff", .duration, "", "Accepted: as redis.maxretries."),
        .acts("redis.pooltimeout", .duration, "", "Accepted: commands share connections, so nothing waits for one."),
        .acts("redis.minidleconns", .integer, "", "Accepted: connections are made when they are needed."),
        .acts(
            "redis.connmaxlifetime", .duration, "0", "Accepted as 0: a connection is used as long as it works. Anything else is refused."
        ),
        .acts("redis.poolfifo", .boolean, "", "Accepted: no connection is better than another, so either value is honoured."),
        .acts(
            "redis.contexttimeoutenabled", .boolean, "",
            "Accepted: every command ends by the timeouts above, so either value is honoured."),
        .acts("redis.disableidentity", .boolean, "", "Accepted: no CLIENT SETINFO is sent, so either value is honoured."),
        .acts("redis.disableindentity", .boolean, "", "Accepted: the spelling of disableidentity in registry 3.0."),
        .acts("redis.unstableresp3", .boolean, "", "Accepted: it is of commands that Cove does not use."),
    ]

    static let storeRefusals: [ConfigurationKey] = [
        .refused(
            "storage.s3.redirectendpoint",
            "URLs for clients are made for the same endpoint; set storage.s3.regionendpoint to one that clients reach too, or storage.redirect.disable to true"
        ),
        .refused(
            "storage.gcs",
            "Google Cloud Storage is reached by its S3 interface; use storage.s3 with regionendpoint: https://storage.googleapis.com, region: auto, and an HMAC key as accesskey and secretkey"
        ),
        .refused(
            "storage.azure",
            "Azure storage is not supported, and has no S3 interface; use storage.s3 with another store, or storage.filesystem"
        ),
        .refused(
            "storage.swift",
            "OpenStack Swift is not supported by its own API; where it offers S3's, use storage.s3 with its address as regionendpoint"),
        .refused(
            "storage.oss",
            "Alibaba OSS is reached by its S3 interface; use storage.s3 with the region's endpoint as regionendpoint and forcepathstyle: false"
        ),
        .refused("redis.clientname", "connections to Redis are not named; remove the key"),
        .refused("redis.identitysuffix", "connections to Redis are not named; remove the key"),
        .refused("redis.maxredirects", "a Redis Cluster is not supported; remove the key"),
        .refused("redis.readonly", "a Redis Cluster is not supported; remove the key"),
        .refused("redis.routebylatency", "a Redis Cluster is not supported; remove the key"),
        .refused("redis.routerandomly", "a Redis Cluster is not supported; remove the key"),
    ]
}
