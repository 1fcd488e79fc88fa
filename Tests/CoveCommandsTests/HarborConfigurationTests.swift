import CoveConfiguration
import Testing

@testable import CoveCommands

@Suite struct HarborConfigurationTests {
    /// What Harbor's installer comes with, with most of what can be set turned on.
    private static let sample = """
        hostname: reg.example.org
        http:
          port: 80
        https:
          port: 443
          certificate: /certs/reg.crt
          private_key: /certs/reg.key
        internal_tls:
          enabled: true
          dir: /etc/harbor/tls/internal
        external_url: https://registry.example.org:8443
        harbor_admin_password: Harbor12345
        database:
          password: root123
          max_idle_conns: 100
          max_open_conns: 900
        data_volume: /data
        storage_service:
          s3:
            accesskey: AK
            secretkey: SK
            region: eu-west-1
            bucket: images
            regionendpoint: https://minio.example.org
          redirect:
            disable: true
        trivy:
          ignore_unfixed: false
          skip_update: false
          timeout: 5m0s
        jobservice:
          max_job_workers: 12
          job_loggers: [STD_OUTPUT, FILE]
          logger_sweeper_duration: 1
        notification:
          webhook_job_max_retry: 3
          webhook_job_http_client_timeout: 5
        log:
          level: warning
          local:
            rotate_count: 50
            rotate_size: 200M
            location: /var/log/harbor
        _version: 2.13.0
        external_database:
          harbor:
            host: db.example.org
            port: 5433
            db_name: registry
            username: harbor
            password: "p@ss/word"
            ssl_mode: require
            max_open_conns: 50
        external_redis:
          host: redis:6379
        proxy:
          http_proxy: http://proxy:3128
          https_proxy: http://proxy:3128
          no_proxy: "127.0.0.1,.internal"
          components: [core, jobservice, trivy]
        metric:
          enabled: true
          port: 9191
          path: /metrics
        upload_purging:
          enabled: true
          age: 168h
          interval: 24h
          dryrun: false
        cache:
          enabled: false
          expire_hours: 24
        trace:
          enabled: true
          sample_rate: 1
          otel:
            endpoint: collector:4318
            url_path: /v1/traces
        """

    private static func fate(_ key: String, _ made: HarborConfiguration) -> HarborConfiguration.Fate? {
        made.findings.first { $0.key == key }?.fate
    }

    @Test func `a whole harbor yml becomes a configuration that the server takes`() throws {
        let made = try HarborConfiguration(parsing: Self.sample)
        let (configuration, _) = try Configuration.parse(yaml: made.text)
        guard case .files(let certificate, _) = configuration.http.tls?.identity else {
            Issue.record("no certificate's file was taken over")
            return
        }
        #expect(certificate == "/certs/reg.crt")
        #expect(made.configuration.value("http.addr") == ":443")
        #expect(made.configuration.value("http.host") == "https://registry.example.org:8443")
        #expect(made.configuration.value("storage.s3.bucket") == "images")
        #expect(made.configuration.value("storage.s3.rootdirectory") == "/cove")
        #expect(made.configuration.value("storage.redirect.disable") == true)
        #expect(
            made.configuration.value("metadata.url")
                == "postgresql://harbor:p%40ss%2Fword@db.example.org:5433/registry_cove?sslmode=require")
        #expect(made.configuration.value("jobs.maxworkers") == 12)
        #expect(made.configuration.value("webhooks.maxretry") == 3)
        #expect(made.configuration.value("webhooks.timeout") == "5s")
        #expect(made.configuration.value("log.level") == "warn")
        #expect(made.configuration.value("http.debug.prometheus.enabled") == true)
        #expect(made.configuration.value("http.outbound.noproxy") == ["127.0.0.1", ".internal"])
        #expect(made.configuration.value("storage.maintenance.uploadpurging.age") == "168h")
    }

    @Test func `every key is spoken of, once`() throws {
        let made = try HarborConfiguration(parsing: Self.sample)
        let told = made.findings.map(\.key)
        #expect(Set(told).count == told.count)
        for key in [
            "hostname", "http.port", "https.certificate", "internal_tls.dir", "harbor_admin_password", "database.password", "data_volume",
            "storage_service.s3.accesskey", "trivy.timeout", "jobservice.max_job_workers", "notification.webhook_job_max_retry",
            "log.local.rotate_count", "external_database.harbor.password", "external_redis.host", "proxy.components", "metric.path",
            "upload_purging.dryrun", "cache.expire_hours", "trace.otel.endpoint", "_version",
        ] {
            #expect(told.contains(key), "nothing is said of \(key)")
        }
        #expect(!made.findings.contains { $0.fate == .unknown })
    }

    @Test func `secrets are in the configuration and not in what is told`() throws {
        let made = try HarborConfiguration(parsing: Self.sample)
        let told = made.findings.map(\.detail).joined(separator: "\n")
        for secret in ["Harbor12345", "root123", "p@ss", "p%40ss", "SK"] { #expect(!told.contains(secret)) }
        #expect(!made.text.contains("Harbor12345"))
    }

    @Test func `the smallest harbor yml serves HTTP on port 80 with its data on the volume`() throws {
        let made = try HarborConfiguration(parsing: "hostname: reg\nhttp:\n  port: 8080\ndata_volume: /data\nharbor_admin_password: x\n")
        _ = try Configuration.parse(yaml: made.text)
        #expect(made.configuration.value("http.addr") == ":8080")
        #expect(made.configuration.value("http.host") == "http://reg:8080")
        #expect(made.configuration.value("storage.filesystem.rootdirectory") == "/data/cove")
        #expect(Self.fate("harbor_admin_password", made) == .byHand)
    }

    @Test func `a key that nobody knows is named`() throws {
        let made = try HarborConfiguration(parsing: "hostname: reg\nhostnaem: x\nlog:\n  levle: debug\n")
        #expect(Self.fate("hostnaem", made) == .unknown)
        #expect(Self.fate("log.levle", made) == .unknown)
    }

    @Test func `what is no harbor yml is refused`() {
        for text in ["", "- a", "text", "a: [", "version: 0.1\nstorage: {}\n"] {
            #expect(throws: HarborConfiguration.Malformed.self) { try HarborConfiguration(parsing: text) }
        }
    }

    @Test func `storage that Cove has not is to be set by hand`() throws {
        let made = try HarborConfiguration(parsing: "hostname: reg\nstorage_service:\n  azure:\n    accountname: a\n  ca_bundle:\n")
        #expect(Self.fate("storage_service.azure.accountname", made) == .byHand)
        #expect(Self.fate("storage_service.ca_bundle", made) == .notNeeded)
    }
}
