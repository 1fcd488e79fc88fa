import CoveClient
import CoveRegistry
import CoveTelemetry

/// What `/debug/vars` shows under `registry.proxy`: registry:2's numbers, of all upstreams together, and how each is.
struct ProxyVariables: Encodable, Sendable {
    struct Numbers: Encodable, Sendable {
        var requests = 0
        var hits = 0
        var misses = 0
        var bytesPulled: Int64 = 0
        var bytesPushed: Int64 = 0

        enum CodingKeys: String, CodingKey {
            case requests = "Requests"
            case hits = "Hits"
            case misses = "Misses"
            case bytesPulled = "BytesPulled"
            case bytesPushed = "BytesPushed"
        }

        init(_ counts: [MirrorStatus.Counts]) {
            for count in counts {
                hits += count.hits
                misses += count.misses
                bytesPulled += count.bytesFetched
                bytesPushed += count.bytesGiven
            }
            requests = hits + misses
        }
    }

    struct Upstream: Encodable, Sendable {
        let url: String
        let prefix: String
        let isAway: Bool
        /// Seconds for which it wants no requests.
        let quiet: Double?
        let rateLimit: Int?
        let rateLimitRemaining: Int?
    }

    let blobs: Numbers
    let manifests: Numbers
    let upstreams: [Upstream]

    init(_ mirrors: [MirrorStatus]) {
        blobs = Numbers(mirrors.map(\.blobs))
        manifests = Numbers(mirrors.map(\.manifests))
        upstreams = mirrors.map {
            Upstream(
                url: $0.upstream, prefix: $0.prefix, isAway: $0.isAway, quiet: $0.quiet.map { Double($0.inNanoseconds) / 1e9 },
                rateLimit: $0.rateLimit?.limit, rateLimitRemaining: $0.rateLimit?.remaining)
        }
    }
}
