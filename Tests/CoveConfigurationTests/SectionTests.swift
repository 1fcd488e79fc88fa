import Foundation
import TestSupport
import Testing

@testable import CoveConfiguration

@Suite("Configuration: files")
struct SectionTests {
    @Test("without a file, a server for one machine: loopback, ./data, deletion allowed")
    func defaults() throws {
        let (configuration, warnings) = try Configuration.load(file: nil, environment: [:])
        #expect(configuration == Configuration())
        #expect(warnings.isEmpty)
        #expect(configuration.http.addr == "127.0.0.1:5000")
        #expect(configuration.storage.driver == .filesystem(rootDirectory: "data", maxThreads: 100))
        #expect(configuration.storage.deleteEnabled)
        #expect(configuration.auth == .none)
        #expect(configuration.durability == .full)
    }

    @Test("a file that says nothing has registry:2's defaults")
    func fileDefaults() throws {
        let configuration = try Configuration.parse(yaml: "version: 0.1").configuration
        var expected = Configuration()
        expected.http.addr = ":5000"
        expected.storage.driver = .filesystem(rootDirectory: "/var/lib/registry", maxThreads: 100)
        expected.storage.deleteEnabled = false
        #expect(configuration == expected)
    }

    @Test("every section of a file is read")
    func everything() throws {
        let (configuration, warnings) = try Configuration.parse(yaml: ConfigurationSamples.everything)
        #expect(configuration == ConfigurationSamples.everythingParsed)
        #expect(warnings.isEmpty)
        let (stores, storeWarnings) = try Configuration.parse(yaml: ConfigurationSamples.stores)
        #expect(stores == ConfigurationSamples.storesParsed)
        #expect(storeWarnings.isEmpty)
    }

    @Test("the file that registry:2 comes with is accepted")
    func registry2() throws {
        let yaml = """
            version: 0.1
            log:
              fields:
                service: registry
            storage:
              cache:
                blobdescriptor: inmemory
              filesystem:
                rootdirectory: /var/lib/registry
            http:
              addr: :5000
              headers:
                X-Content-Type-Options: [nosniff]
            health:
              storagedriver:
                enabled: true
                interval: 10s
                threshold: 3
            """
        let configuration = try Configuration.parse(yaml: yaml).configuration
        #expect(configuration.log.fields == ["service": "registry"])
        #expect(configuration.http.headers == [.init(name: "X-Content-Type-Options", values: ["nosniff"])])
    }

    @Test("a file on disk is read")
    func file() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write(ConfigurationSamples.everything, to: "config.yml")
        #expect(try Configuration.load(file: path, environment: [:]).configuration == ConfigurationSamples.everythingParsed)
    }

    @Test("a file that is missing or is not text is named")
    func unreadable() throws {
        let directory = try TemporaryDirectory()
        let missing = directory.file("none.yml")
        #expect {
            try Configuration.load(file: missing, environment: [:])
        } throws: { error in
            (error as? ConfigurationError)?.problems == ["cannot read the configuration file '\(missing)'"]
        }
        let binary = directory.file("binary.yml")
        try Data([0xFF, 0xFE, 0x00, 0xD8]).write(to: URL(fileURLWithPath: binary))
        #expect {
            try Configuration.load(file: binary, environment: [:])
        } throws: { error in
            (error as? ConfigurationError)?.problems == ["the configuration file '\(binary)' is not UTF-8 text"]
        }
    }

    @Test("in memory, nothing is asked of the filesystem", arguments: ["{}", "", "true"])
    func inMemory(value: String) throws {
        let configuration = try Configuration.parse(yaml: "version: 0.1\nstorage:\n  inmemory: \(value)").configuration
        #expect(configuration.storage.driver == .inMemory)
    }

    @Test("a driver without settings may be written as its name")
    func scalarDrivers() throws {
        let configuration = try Configuration.parse(yaml: "version: 0.1\nstorage: inmemory\nauth: none").configuration
        #expect(configuration.storage.driver == .inMemory)
        #expect(configuration.auth == .none)
        #expect(ConfigurationSamples.problems("version: 0.1\nstorage: gcs").first?.hasPrefix("'storage.gcs' (line 2) is refused: ") == true)
    }

    @Test("old names act where the new ones are not there")
    func oldNames() throws {
        func parse(_ yaml: String) throws -> Configuration { try Configuration.parse(yaml: "version: 0.1\n\(yaml)").configuration }
        #expect(try parse("loglevel: debug").log.level == .debug)
        #expect(try parse("loglevel: debug\nlog: {level: warn}").log.level == .warn)
        #expect(try parse("storage: {cache: {layerinfo: none}}").storage.cache == .none)
        #expect(try parse("storage: {cache: {layerinfo: none, blobdescriptor: inmemory}}").storage.cache == .inMemory)
        #expect(try !parse("validation: {enabled: true, disabled: true}").validation.disabled)
        #expect(try parse("validation: {enabled: false, disabled: true}").validation.disabled)
    }

    @Test("what is out of range in registry:2 is put into it, as there")
    func ranges() throws {
        func parse(_ yaml: String) throws -> Configuration { try Configuration.parse(yaml: "version: 0.1\n\(yaml)").configuration }
        #expect(try parse("catalog: {maxentries: -1}").catalogMaxEntries == 1000)
        #expect(try parse("catalog: {maxentries: 5000000}").catalogMaxEntries == 100_000)
        #expect(try parse("tags: {maxtags: 0}").maxTags == 100_000)
        #expect(
            try parse("storage: {filesystem: {maxthreads: 1}}").storage.driver
                == .filesystem(rootDirectory: "/var/lib/registry", maxThreads: 4))
        #expect(try parse("storage: {cache: {blobdescriptorsize: 0}}").storage.cachedDescriptors == 10_000_000)
    }

    @Test("cipher suites of TLS 1.3 are always there, and naming them changes nothing")
    func cipherSuites() throws {
        let yaml =
            "version: 0.1\nhttp: {tls: {certificate: c, key: k, ciphersuites: [TLS_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384]}}"
        #expect(try Configuration.parse(yaml: yaml).configuration.http.tls?.cipherSuites == [0xC030])
    }

    @Test("a cache that is none keeps nothing")
    func noCache() throws {
        let yaml = "version: 0.1\nstorage:\n  cache: {blobdescriptor: none, blobdescriptorsize: 10}"
        #expect(try Configuration.parse(yaml: yaml).configuration.storage.cachedDescriptors == 0)
    }

    @Test("TLS settings without certificate and key are no TLS")
    func emptyTLS() throws {
        #expect(try Configuration.parse(yaml: "version: 0.1\nhttp:\n  tls:\n    minimumtls: tls1.2").configuration.http.tls == nil)
        #expect(try Configuration.parse(yaml: "version: 0.1\nhttp:\n  tls:").configuration.http.tls == nil)
    }
}
