import Testing

@testable import CoveConfiguration

@Suite("Configuration: metadata")
struct MetadataSettingsTests {
    private static func problems(_ url: String) -> [String] {
        ConfigurationSamples.problems("version: 0.1\nstorage: {filesystem: {}}", ["REGISTRY_METADATA_URL": "'\(url)'"])
    }

    private static func store(_ url: String) throws -> Configuration.Metadata.Store {
        try Configuration.parse(yaml: nil, environment: ["REGISTRY_METADATA_URL": "'\(url)'"]).configuration.metadata.store
    }

    @Test(
        "sqlite names a file",
        arguments: [
            ("sqlite:/var/m.db", "/var/m.db"), ("sqlite:m.db", "m.db"), ("sqlite:///var/m.db", "/var/m.db"), ("sqlite:a b?c", "a b?c"),
        ])
    func sqlite(url: String, path: String) throws {
        #expect(try Self.store(url) == .sqlite(path: path))
    }

    @Test(
        "PostgreSQL is named as libpq takes it",
        arguments: [
            "postgresql://", "postgres://db/cove", "postgresql:///cove?host=/var/run/postgresql", "postgresql://u@db",
            "postgresql://u:p@db:5432/cove",
            "postgresql://u:p%40%2F@[2001:db8::1]:5432/cove?sslmode=verify-full&sslrootcert=/ca.pem&application_name=a%20b",
            "postgresql://h1:1,h2,h3:65535/cove?target_session_attrs=read-write", "postgresql://%2Fvar%2Frun:5433/cove",
            "postgresql://db:/cove", "postgresql://u:p?x@db/cove?user=a@b", "postgresql://:5432/cove",
        ])
    func postgresql(url: String) throws {
        #expect(try Self.store(url) == .postgresql(url: url))
    }

    @Test(
        "a URL that no store has is refused, its password masked",
        arguments: [
            ("mysql://root:secret@db/cove", "mysql://root:<hidden>@db/cove"), ("/var/m.db", "/var/m.db"),
            ("postgresql:db", "postgresql:db"),
            ("host=db password=secret dbname=cove", "host=db password=<hidden>"), ("http://secret@db", "http://secret@db"),
        ])
    func scheme(url: String, shown: String) {
        #expect(
            Self.problems(url) == [
                "'metadata.url' must be sqlite:PATH or postgresql://user:password@host:port/database, not '\(shown)'"
            ])
    }

    @Test(
        "a URL that libpq could not read is refused without its password",
        arguments: [
            ("postgresql://u:secr@t@db/cove", "has more than one @; write an @ of the user or the password as %40"),
            ("postgresql://u:s%cret@db/cove", "has a % that begins no percent code; write a % of the password as %25"),
            ("postgresql://u:s%00@db/cove", "has a % that begins no percent code; write a % of the password as %25"),
            ("postgresql://u:s%+f@db/cove", "has a % that begins no percent code; write a % of the password as %25"),
            ("postgresql://db/cove?sslmode", "has a parameter that is not of the form name=value"),
            (
                "postgresql://db/cove?sslmode=on",
                "has sslmode=on, which is none of disable, allow, prefer, require, verify-ca, verify-full"
            ),
            ("sqlite:", "must name a file, such as sqlite:/var/lib/cove/cove.db, not ''"),
            ("sqlite://host/m.db", "must name a file, such as sqlite:/var/lib/cove/cove.db, not '//host/m.db'"),
            ("sqlite:/var/", "must name a file, such as sqlite:/var/lib/cove/cove.db, not '/var/'"),
            ("sqlite::memory:", "cannot be in memory; use storage.inmemory instead"),
        ])
    func malformed(url: String, problem: String) {
        #expect(Self.problems(url) == ["'metadata.url' \(problem)"])
    }

    @Test(
        "a host that is none is refused without what may be a password",
        arguments: [
            "postgresql://u:se/cret@db/cove", "postgresql://db:0/x", "postgresql://db:65536/x", "postgresql://d b/x", "postgresql://[::1/x",
        ])
    func host(url: String) {
        #expect(
            Self.problems(url) == [
                "'metadata.url' has a host that is not of the form host or host:port; write the characters @ : / ? of the user or the password as %40 %3A %2F %3F"
            ])
    }

    @Test("without a URL the metadata is beside the blobs")
    func usual() throws {
        #expect(try Configuration.parse(yaml: nil).configuration.metadata == .init())
        #expect(try Self.store("") == .sqlite(path: nil))
    }

    @Test("with S3 and registry:2's file, the metadata is in a file of this node, and that is said")
    func assumedWithS3() throws {
        let yaml = "version: 0.1\nstorage: {s3: {bucket: b, region: r}}"
        let (assumed, warnings) = try Configuration.parse(yaml: yaml)
        #expect(assumed.metadata.store == .sqlite(path: "/var/lib/registry/cove.db"))
        #expect(assumed.metadata.isAssumed)
        #expect(
            warnings.count == 1
                && warnings[0].hasPrefix("'metadata.url' is missing, so the metadata of the bucket is kept in /var/lib/registry/cove.db"))
        #expect(try Configuration.parse(yaml: assumed.rendered(maskingSecrets: false)).configuration == assumed)
        let (said, none) = try Configuration.parse(yaml: yaml + "\nmetadata: {url: 'sqlite:/m.db'}")
        #expect(!said.metadata.isAssumed && none.isEmpty)
    }

    @Test("blobs in memory do not go with metadata that lasts", arguments: ["sqlite:/m.db", "postgresql://db/cove"])
    func inMemory(url: String) {
        #expect(
            ConfigurationSamples.problems("version: 0.1\nstorage: {inmemory: {}}\nmetadata: {url: '\(url)'}") == [
                "'metadata.url' goes with storage that lasts, and storage.inmemory is empty after a restart; remove one of them"
            ])
    }

    @Test("limits have ranges and keys their nearest")
    func limits() {
        #expect(
            ConfigurationSamples.problems("version: 0.1\nmetadata: {maxconnections: 1, locktimeout: 1ms, conecttimeout: 1s}") == [
                "unknown key 'metadata.conecttimeout' (line 2): did you mean 'metadata.connecttimeout'?",
                "'metadata.maxconnections' (line 2) must be a whole number from 2 to 500, not '1'",
                "'metadata.locktimeout' (line 2) must be a duration such as 30s, 5m or 168h, from 0.1 seconds to 3600.0 seconds, not '1ms'",
            ])
    }

    @Test("a URL in the section's place is refused without its password")
    func section() {
        #expect(
            ConfigurationSamples.problems("version: 0.1\nmetadata: postgresql://u:secret@db/x") == [
                "'metadata' (line 2) must be a map of keys, not 'postgresql://u:<hidden>@db/x'"
            ])
    }

    @Test(
        "passwords are masked wherever libpq takes them",
        arguments: [
            ("postgresql://u:p@db/x", "postgresql://u:<hidden>@db/x"), ("postgresql://u@db/x", "postgresql://u@db/x"),
            ("postgresql://db:5432/x", "postgresql://db:5432/x"), ("postgresql://u:p?w@db/x", "postgresql://u:<hidden>@db/x"),
            ("postgresql://u:p/w@h@db/x", "postgresql://u:<hidden>@db/x"),
            ("postgresql://db/x?user=u&password=p@w&sslmode=require", "postgresql://db/x?user=u&password=<hidden>&sslmode=require"),
            ("postgresql://db/x?pass%77ord=p&sslpassword=q", "postgresql://db/x?pass%77ord=<hidden>&sslpassword=<hidden>"),
            ("postgresql://db:1/x?password=p@w", "postgresql://db:1/x?password=<hidden>"), ("PASSWORD = 'a b'", "PASSWORD=<hidden>"),
            ("plain", "plain"), ("", ""),
        ])
    func masked(text: String, shown: String) {
        #expect(Secrets.masked(text) == shown)
    }
}
