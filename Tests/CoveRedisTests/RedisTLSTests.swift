import Foundation
import TestSupport
import Testing

@testable import CoveRedis

/// Skips also where no certificate can be made.
private let openssl = ["/usr/bin/openssl", "/opt/homebrew/bin/openssl"].first { FileManager.default.isExecutableFile(atPath: $0) }

@Suite("RedisClient: TLS", .needsRedis, .enabled(if: openssl != nil, "there is no openssl here to make certificates with"))
struct RedisTLSTests {
    private let directory: TemporaryDirectory

    init() async throws {
        directory = try TemporaryDirectory()
        try await makeCertificate("server", names: "DNS:localhost,DNS:redis.example.org,IP:127.0.0.1")
        try await makeCertificate("named", names: "DNS:redis.example.org")
        try await makeCertificate("other", names: "DNS:other.example.org")
    }

    private func makeCertificate(_ name: String, names: String) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(openssl))
        process.arguments = [
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=\(name)",
            "-addext", "subjectAltName=\(names)", "-keyout", directory.file("\(name).key"), "-out", directory.file("\(name).pem"),
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        while process.isRunning { try await Task.sleep(for: .milliseconds(5)) }
        try #require(process.terminationStatus == 0)
    }

    private func server(_ certificate: String = "server", clientCertificates: String = "no") async throws -> RedisServer {
        let port = try RedisServer.freePort()
        return try await RedisServer(
            [
                "--port", "0", "--tls-port", "\(port)", "--tls-cert-file", directory.file("\(certificate).pem"),
                "--tls-key-file", directory.file("\(certificate).key"), "--tls-ca-cert-file", directory.file("other.pem"),
                "--tls-auth-clients", clientCertificates,
            ], port: port)
    }

    private func tls(_ change: (inout RedisOptions.TLS) -> Void = { _ in }) -> RedisOptions.TLS {
        var tls = RedisOptions.TLS()
        tls.authorities = [directory.file("server.pem")]
        change(&tls)
        return tls
    }

    @Test("a server whose certificate is of the authorities is spoken to, by address and by name", arguments: ["127.0.0.1", "localhost"])
    func trusted(host: String) async throws {
        let server = try await server()
        let client = try server.client { options in
            options.endpoint = .servers([RedisAddress(host: host, port: server.port)])
            options.tls = tls()
        }
        #expect(try await client.set("key", to: "x", lifetime: .seconds(60)))
        #expect(try await client.value("key") == "x")
    }

    @Test("the certificate must have the name that was asked for")
    func serverName() async throws {
        let server = try await server("named")
        let authorities = [directory.file("named.pem")]
        func answers(_ name: String?) async throws -> Bool {
            let named = tls { tls in
                tls.authorities = authorities
                tls.serverName = name
            }
            return await (try server.client { $0.tls = named }).answers()
        }
        #expect(try await answers("redis.example.org"))
        #expect(try await !answers("elsewhere.example.org"))
        #expect(try await !answers(nil))
    }

    @Test("a server of another authority is refused, and the log says why")
    func untrusted() async throws {
        let server = try await server()
        let log = LogRecorder()
        let client = try server.client(log) { $0.tls = tls { $0.authorities = [directory.file("other.pem")] } }
        #expect(await !client.answers())
        #expect(log.lines.value.joined().contains("CERTIFICATE_VERIFY_FAILED"))
    }

    @Test("a client certificate is shown where one is asked for")
    func clientCertificate() async throws {
        let server = try await server(clientCertificates: "yes")
        let identity = RedisOptions.Identity(certificate: directory.file("other.pem"), key: directory.file("other.key"))
        try await server.client { $0.tls = tls { $0.identity = identity } }.ping()
        let without = try server.client { $0.tls = tls() }
        #expect(await !without.answers())
    }

    @Test("a plain connection to a TLS port fails within its timeout, and TLS to a plain port, too", .timeLimit(.minutes(1)))
    func mixedUp() async throws {
        let (secure, plain) = (try await server(), try await RedisServer())
        let (plainly, securely) = (try secure.client(), try plain.client { $0.tls = tls() })
        #expect(await !plainly.answers())
        #expect(await !securely.answers())
    }

    @Test("a file that cannot be read is named")
    func badFiles() throws {
        try directory.write("no PEM", to: "garbage.pem")
        let garbage = directory.file("garbage.pem")
        let server = directory.file("server.pem")
        let cases: [RedisOptions.TLS] = [
            tls { $0.authorities = [garbage] },
            tls { $0.identity = .init(certificate: garbage, key: directory.file("server.key")) },
            tls { $0.identity = .init(certificate: server, key: garbage) },
        ]
        for tls in cases {
            var options = RedisOptions(.servers([]))
            options.tls = tls
            #expect {
                try RedisClient(options, logger: LogRecorder().logger)
            } throws: { error in
                "\(error)".hasPrefix("redis.tls: cannot read ") && "\(error)".contains(garbage)
            }
        }
    }
}
