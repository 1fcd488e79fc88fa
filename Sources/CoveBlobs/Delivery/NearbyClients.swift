import AsyncHTTPClient
import CoveOutbound
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import Synchronization

/// Clients in AWS's networks, by the list that AWS publishes. For them the bucket is nearer, and costs nothing to read.
///
/// Until the list has been read once nobody is one of them; when it cannot be read again, the last one holds.
package final class NearbyClients: Sendable {
    /// As published (AWS General Reference, "AWS IP address ranges").
    private struct Document: Decodable {
        struct Prefix: Decodable {
            let four: String?
            let six: String?
            let region: String?

            enum CodingKeys: String, CodingKey {
                case four = "ip_prefix"
                case six = "ipv6_prefix"
                case region
            }
        }
        let four: [Prefix]
        let six: [Prefix]?

        enum CodingKeys: String, CodingKey {
            case four = "prefixes"
            case six = "ipv6_prefixes"
        }
    }

    /// How soon a failed look is made again, at most.
    private static let soonest = Duration.seconds(60)

    private let url: String
    private let regions: Set<String>?
    private let frequency: Duration
    private let proxies: OutboundProxies
    private let logger: Logger
    private let ranges = Mutex(AddressRanges())

    /// - Parameters:
    ///   - regions: those whose clients are meant, in lower case; nil for all.
    ///   - frequency: time between two looks at the list.
    package init(url: String, regions: [String]?, frequency: Duration, proxies: OutboundProxies = .none, logger: Logger) {
        self.url = url
        self.regions = regions.map { Set($0) }
        self.frequency = frequency
        self.proxies = proxies
        self.logger = logger
    }

    func contains(_ address: String) -> Bool {
        ranges.withLock { $0 }.contains(address)
    }

    /// Reads the list now and again at the frequency, until it is cancelled.
    package func run() async {
        var policy = RetryPolicy()
        policy.stall = .seconds(15)
        let transport = HTTPTransport(policy, proxies: proxies)
        while !Task.isCancelled {
            let isRead = await update(transport)
            do { try await Task.sleep(for: isRead ? frequency : min(frequency, Self.soonest)) } catch { break }
        }
        await transport.close()
    }

    private func update(_ transport: HTTPTransport) async -> Bool {
        do {
            var request = HTTPClientRequest(url: url)
            request.headers.add(name: "user-agent", value: "cove")
            let answer = try await transport.fetch(request, within: .seconds(60))
            guard answer.status == 200 else { throw S3Error.invalidAnswer("the answer is \(answer.status)") }
            try take(Data(answer.body.readableBytesView))
            return true
        } catch {
            logger.warning(
                "cannot read which addresses are AWS's; what is known stays", metadata: ["url": "\(url)", "error": "\(error)"])
            return false
        }
    }

    /// - Throws: when this is not such a list.
    func take(_ list: Data) throws {
        let document = try JSONDecoder().decode(Document.self, from: list)
        let prefixes = (document.four + (document.six ?? []))
            .filter { prefix in regions.map { $0.contains(prefix.region?.lowercased() ?? "") } ?? true }
            .compactMap { $0.four ?? $0.six }
        let table = AddressRanges(prefixes)
        ranges.withLock { $0 = table }
        logger.info("read which addresses are AWS's", metadata: ["prefixes": "\(prefixes.count)"])
    }
}
