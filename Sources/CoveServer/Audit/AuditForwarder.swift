import CoveMetadata
import Foundation
import Logging
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// Heeds what is set for the audit log, and forwards it to syslog: each entry at least once, in order. While the server is away
/// the entries wait where they are, in the log itself. Where nodes share the store, one of them forwards.
struct AuditForwarder: Service {
    private static let reader = "audit-syslog"
    /// Entries that are sent before the position is saved.
    private static let page = 200
    private static let pause = Duration.seconds(1)
    private static let longestPause = Duration.seconds(30)

    let metadata: MetadataStore
    /// What is set now.
    let setting: @Sendable () async -> AuditForwarding
    /// A file of authorities for TLS; nil for those of the system.
    let authorities: String?
    let host: String
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var isFailing = false
            while !Task.isCancelled {
                let now = await setting()
                metadata.audit?.rules.disabledEvents = now.disabledEvents
                do {
                    if let endpoint = SyslogEndpoint(parsing: now.endpoint) {
                        try await metadata.exclusively(Self.reader) { try await forward(to: endpoint, now) }
                    } else if now.endpoint.isEmpty {
                        try await forget()
                    }
                    isFailing = false
                } catch {
                    if !isFailing, !Task.isCancelled {
                        logger.warning(
                            "the audit log is not forwarded for now", metadata: ["reason": "\(error)", "endpoint": "\(now.endpoint)"])
                    }
                    isFailing = true
                }
                try? await Task.sleep(for: Self.pause)
            }
        }
    }

    /// Forwarding that is switched on again begins with what happens then.
    private func forget() async throws {
        let isKnown = try await metadata.read { try $0.hasAuditReader(Self.reader) }
        if isKnown { try await metadata.write { try $0.forgetAuditReader(Self.reader) } }
    }

    /// Forwards until the setting changes, the task is cancelled or another node does.
    private func forward(to endpoint: SyslogEndpoint, _ wanted: AuditForwarding) async throws {
        let tls = endpoint.transport == .tls ? try await context() : nil
        var (reader, position) = try await AuditReader.takeOver(Self.reader, of: metadata)
        var connection: SyslogConnection?
        var failures = 0
        while !Task.isCancelled {
            let now = await setting()
            metadata.audit?.rules.disabledEvents = now.disabledEvents
            guard now.endpoint == wanted.endpoint, now.skipsDatabase == wanted.skipsDatabase else { break }
            do {
                guard let records = try await reader.records(after: position, limit: Self.page) else { break }
                guard let last = records.last else {
                    try? await Task.sleep(for: Self.pause)
                    continue
                }
                let open: SyslogConnection
                if let connection, connection.isOpen {
                    open = connection
                } else {
                    open = try await SyslogConnection.open(endpoint, tls: tls)
                    connection = open
                }
                try await open.send(records.map { SyslogMessage.text($0, host: host) })
                guard try await reader.save(last.id, forgetting: wanted.skipsDatabase) else { break }
                position = last.id
                if failures > 0 { logger.notice("the audit log is forwarded again", metadata: ["endpoint": "\(wanted.endpoint)"]) }
                failures = 0
            } catch {
                await connection?.close()
                connection = nil
                if failures == 0, !Task.isCancelled {
                    logger.warning(
                        "the audit log is not forwarded for now; its entries wait",
                        metadata: ["reason": "\(error)", "endpoint": "\(wanted.endpoint)"])
                }
                failures += 1
                try? await Task.sleep(for: min(Self.pause * (1 << min(failures, 6)), Self.longestPause))
            }
        }
        await connection?.close()
    }

    private func context() async throws -> NIOSSLContext {
        try await NIOThreadPool.singleton.runIfActive { [authorities] in
            var configuration = TLSConfiguration.makeClientConfiguration()
            if let authorities { configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(authorities)) }
            return try NIOSSLContext(configuration: configuration)
        }
    }
}
