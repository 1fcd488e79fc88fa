import CoveOCI
import CoveOutbound
import Logging
import NIOCore
import TestSupport

@testable import CoveClient

/// A client and the registry it speaks to.
struct ClientFixture {
    let fake: HTTPFake
    let client: RegistryClient
    let connections: OutboundClients

    init(
        _ credentials: ClientCredentials = .anonymous, stall: Duration = .seconds(30), url: ((HTTPFake) -> String)? = nil,
        _ respond: @escaping @Sendable (HTTPFake.Request) -> HTTPFake.Answer
    ) async throws {
        fake = try await HTTPFake(respond)
        var rules = RetryRules()
        rules.firstPause = .milliseconds(1)
        rules.longestPause = .milliseconds(2)
        rules.stall = stall
        connections = RegistryClient.connections(.none, rules: rules)
        client = RegistryClient(
            try RegistryAddress(parsing: url?(fake) ?? fake.url), credentials: credentials, rules: rules, connections: connections,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    func end() async {
        await connections.close()
        await fake.stop()
    }

    static let digest = Digest.of("hello".utf8)

    /// Reads a blob to its end.
    func text(_ blob: RemoteBlob) async throws -> String {
        var text = ""
        for try await var piece in blob.body { text += piece.readString(length: piece.readableBytes) ?? "" }
        return text
    }
}

/// A value that many tasks count with.
final class Counter: Sendable {
    private let count = Shared(0)

    /// How often it was asked before.
    func next() -> Int { count.change { $0 += 1 } - 1 }
}
