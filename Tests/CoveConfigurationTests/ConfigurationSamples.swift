@testable import CoveConfiguration

/// A file that sets every section, and what it says.
enum ConfigurationSamples {
    static let everything = """
        version: 0.1
        durability: relaxed
        log:
          level: debug
          formatter: json
          fields:
            environment: staging
            service.name: registry
          accesslog:
            disabled: true
        storage:
          filesystem:
            rootdirectory: /srv/cove
            maxthreads: 16
          delete:
            enabled: true
          redirect:
            disable: true
          cache:
            blobdescriptor: inmemory
            blobdescriptorsize: 1234
          maintenance:
            uploadpurging:
              enabled: false
              age: 72h
              interval: 1h30m
              dryrun: true
            readonly:
              enabled: true
        auth:
          htpasswd:
            realm: Our Registry
            path: /etc/cove/htpasswd
        http:
          addr: 0.0.0.0:5443
          prefix: /registry/
          host: https://registry.example.org
          secret: hush-hush
          relativeurls: yes
          draintimeout: 90s
          headers:
            X-Content-Type-Options: [nosniff]
            X-Two: [one, two]
          http2:
            disabled: true
          h2c:
            enabled: true
          debug:
            addr: 127.0.0.1:5002
            prometheus: {enabled: true, path: /prom}
          tls:
            certificate: /tls/cert.pem
            key: /tls/key.pem
            clientcas: [/tls/ca1.pem, /tls/ca2.pem]
            clientauth: verify-client-cert-if-given
            minimumtls: tls1.3
            ciphersuites: [TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]
          listeners:
            - addr: /run/cove.sock
              net: unix
            - addr: 127.0.0.1:5001
              tls: {certificate: /tls/two.pem, key: /tls/two.key}
          limits:
            maxconnections: 500
            headertimeout: 5s
            idletimeout: 2m
            bodytimeout: 1500ms
            minbodyrate: 2KiB
            maxheaderbytes: 32KiB
        validation:
          disabled: true
          manifests:
            urls:
              allow: ["^https://"]
              deny: ["^https://evil\\\\."]
            indexes:
              platforms: list
              platformlist:
                - {os: linux, architecture: amd64}
                - {os: linux, architecture: arm64, variant: v8}
        catalog:
          maxentries: 50
        health:
          storagedriver:
            enabled: false
            interval: 30s
            threshold: 5
          file:
            - {file: /run/cove/disable, interval: 5s, threshold: 2}
          http:
            - uri: https://scan.example.org/ok
              headers: {Authorization: [Bearer hush-hush]}
              statuscode: 204
              timeout: 0
              interval: 20s
          tcp:
            - {addr: "db.example.org:5432", timeout: 500ms, threshold: 0}

        """

    /// What a cluster's file says of its stores.
    static let stores = """
        version: 0.1
        storage:
          s3:
            accesskey: AKIAEXAMPLE
            secretkey: very-secret
            sessiontoken: token-secret
            region: eu-central-1
            regionendpoint: https://minio.example.org:9000/
            forcepathstyle: false
            bucket: images
            encrypt: true
            keyid: arn:aws:kms:eu-central-1:1:key/2
            secure: false
            v4auth: true
            skipverify: true
            chunksize: 33554432
            multipartcopychunksize: 33554432
            multipartcopymaxconcurrency: 100
            multipartcopythresholdsize: 33554432
            rootdirectory: /registry/one/
            storageclass: standard_ia
            objectacl: bucket-owner-full-control
            useragent: cove-test
            loglevel: off
          cache:
            blobdescriptor: redis
        metadata:
          url: postgresql://cove:hush@db1:5432,db2/cove?sslmode=verify-full&sslrootcert=/ca.pem
          maxconnections: 40
          statementtimeout: 1m
          locktimeout: 2s
          connecttimeout: 3s
        redis:
          addrs: [sentinel1:26379, "[::1]:26379"]
          mastername: primary
          username: cove
          password: redis-hush
          sentinelusername: watcher
          sentinelpassword: sentinel-hush
          db: 3
          dialtimeout: 10ms
          readtimeout: 20ms
          writetimeout: 30ms
          poolsize: 64
          connmaxidletime: 300s
          tls:
            certificate: /tls/redis.pem
            key: /tls/redis.key
            rootcas: [/tls/ca.pem]

        """

    static var storesParsed: Configuration {
        var settings = S3Settings(bucket: "images", region: "eu-central-1")
        settings.regionEndpoint = "https://minio.example.org:9000/"
        settings.accessKey = "AKIAEXAMPLE"
        settings.secretKey = "very-secret"
        settings.sessionToken = "token-secret"
        settings.secure = false
        settings.skipVerify = true
        settings.rootDirectory = "/registry/one/"
        settings.chunkSize = 32 * 1024 * 1024
        settings.encrypt = true
        settings.keyID = "arn:aws:kms:eu-central-1:1:key/2"
        settings.storageClass = .standardIA
        settings.objectACL = .bucketOwnerFullControl
        settings.userAgent = "cove-test"
        var configuration = Configuration()
        configuration.http.addr = ":5000"
        configuration.storage = .init(driver: .s3(settings), deleteEnabled: false, cache: .redis)
        configuration.metadata = .init(
            store: .postgresql(url: "postgresql://cove:hush@db1:5432,db2/cove?sslmode=verify-full&sslrootcert=/ca.pem"),
            maxConnections: 40, statementTimeout: .seconds(60), lockTimeout: .seconds(2), connectTimeout: .seconds(3))
        configuration.redis = .init(
            addresses: ["sentinel1:26379", "[::1]:26379"], masterName: "primary", username: "cove", password: "redis-hush",
            sentinelUsername: "watcher", sentinelPassword: "sentinel-hush", database: 3,
            dialTimeout: .milliseconds(10), readTimeout: .milliseconds(20), writeTimeout: .milliseconds(30), maxConnections: 64,
            idleTimeout: .seconds(300),
            tls: .init(certificate: "/tls/redis.pem", key: "/tls/redis.key", rootCAs: ["/tls/ca.pem"]))
        return configuration
    }

    static var everythingParsed: Configuration {
        var configuration = Configuration()
        configuration.durability = .relaxed
        configuration.log = .init(
            level: .debug, formatter: .json, fields: ["environment": "staging", "service.name": "registry"], accessLogDisabled: true)
        configuration.storage = .init(
            driver: .filesystem(rootDirectory: "/srv/cove", maxThreads: 16), deleteEnabled: true, redirectDisabled: true, readOnly: true,
            uploadPurging: .init(enabled: false, age: .seconds(72 * 3600), interval: .seconds(5400), dryRun: true),
            cachedDescriptors: 1234)
        configuration.auth = .htpasswd(realm: "Our Registry", path: "/etc/cove/htpasswd")
        configuration.http = .init(
            addr: "0.0.0.0:5443", net: .tcp, prefix: "/registry/", host: "https://registry.example.org", secret: "hush-hush",
            relativeURLs: true, drainTimeout: .seconds(90),
            tls: .init(
                identity: .files(certificate: "/tls/cert.pem", key: "/tls/key.pem"), clientCAs: ["/tls/ca1.pem", "/tls/ca2.pem"],
                clientAuth: .verifyIfGiven, minimumTLS: .tls13, cipherSuites: [0xC030, 0xC02B]),
            headers: [
                .init(name: "X-Content-Type-Options", values: ["nosniff"]), .init(name: "X-Two", values: ["one", "two"]),
            ],
            http2: false, h2c: true, debug: .init(addr: "127.0.0.1:5002", metricsPath: "/prom"),
            listeners: [
                .init(addr: "/run/cove.sock", net: .unix),
                .init(
                    addr: "127.0.0.1:5001", net: .tcp,
                    tls: .init(
                        identity: .files(certificate: "/tls/two.pem", key: "/tls/two.key"), clientCAs: [], clientAuth: .require,
                        minimumTLS: .tls12, cipherSuites: [])),
            ],
            limits: .init(
                maxConnections: 500, headerTimeout: .seconds(5), idleTimeout: .seconds(120), bodyTimeout: .milliseconds(1500),
                minBodyRate: 2048, maxHeaderBytes: 32 * 1024))
        configuration.validation = .init(
            disabled: true, allowedURLs: ["^https://"], deniedURLs: [#"^https://evil\."#], platforms: .list,
            platformList: [
                .init(os: "linux", architecture: "amd64"), .init(os: "linux", architecture: "arm64", variant: "v8"),
            ])
        configuration.catalogMaxEntries = 50
        configuration.health = .init(
            storageDriverEnabled: false, storageDriver: .init(interval: .seconds(30), threshold: 5),
            files: [.init(file: "/run/cove/disable", rhythm: .init(interval: .seconds(5), threshold: 2))],
            http: [
                .init(
                    uri: "https://scan.example.org/ok", headers: [.init(name: "Authorization", values: ["Bearer hush-hush"])],
                    statusCode: 204, timeout: .seconds(20), rhythm: .init(interval: .seconds(20)))
            ],
            tcp: [.init(addr: "db.example.org:5432", timeout: .milliseconds(500), rhythm: .init())])
        return configuration
    }

    /// The problems of a configuration, none when it is accepted.
    static func problems(_ yaml: String?, _ environment: [String: String] = [:]) -> [String] {
        do throws(ConfigurationError) {
            _ = try Configuration.parse(yaml: yaml, environment: environment)
            return []
        } catch {
            return error.problems
        }
    }
}
