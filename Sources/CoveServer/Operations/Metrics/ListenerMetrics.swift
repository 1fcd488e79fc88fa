import CoveTelemetry
import Foundation
import Synchronization

/// What passes one address.
final class ListenerMeter: Sendable {
    let addr: String
    let open = Gauge()
    let accepted = Counter()
    /// Bytes of bodies.
    let received = Counter()
    let sent = Counter()

    init(addr: String) {
        self.addr = addr
    }
}

/// Connections and bytes by the address that they came to, and how long its certificate is good for.
final class ListenerMetrics: MetricSource {
    private static let open = Metric.gauge("cove_connections", ["addr"], "Connections that are open.")
    private static let accepted = Metric.counter("cove_connections_accepted_total", ["addr"], "Connections that were accepted.")
    private static let received = Metric.counter(
        "cove_http_received_bytes_total", ["addr"], "Bytes of request bodies, counted as they come.")
    private static let sent = Metric.counter(
        "cove_http_sent_bytes_total", ["addr"], "Bytes of response bodies, counted as they go.")
    private static let expiry = Metric.gauge(
        "cove_tls_certificate_expiry_timestamp_seconds", ["addr"], "When the certificate of an address ends, in Unix time.")

    static let metrics = [open, accepted, received, sent, expiry]

    private let meters = Mutex<[ListenerMeter]>([])
    private let identities = Mutex<[(addr: String, identity: any TLSIdentity)]>([])

    func meter(for addr: String) -> ListenerMeter {
        let meter = ListenerMeter(addr: addr)
        meters.withLock { $0.append(meter) }
        return meter
    }

    func add(_ identity: any TLSIdentity, for addr: String) {
        identities.withLock { $0.append((addr, identity)) }
    }

    func write(to text: inout MetricText) {
        let meters = meters.withLock { $0 }
        text.write(Self.open) { for meter in meters { $0.add([meter.addr], meter.open.value) } }
        text.write(Self.accepted) { for meter in meters { $0.add([meter.addr], meter.accepted.value) } }
        text.write(Self.received) { for meter in meters { $0.add([meter.addr], meter.received.value) } }
        text.write(Self.sent) { for meter in meters { $0.add([meter.addr], meter.sent.value) } }
        let identities = identities.withLock { $0 }
        text.write(Self.expiry) { samples in
            for (addr, identity) in identities { if let expiry = identity.expiry { samples.add([addr], expiry) } }
        }
    }
}
