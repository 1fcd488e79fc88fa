import CoveACME
import CoveTelemetry
import Foundation

/// Certificates that are obtained from an ACME server, by host.
struct LetsEncryptMetrics: MetricSource {
    private static let expiry = Metric.gauge(
        "cove_letsencrypt_certificate_expiry_timestamp_seconds", ["host"],
        "When the certificate of a host ends, in Unix time; 0 without one.")
    private static let obtained = Metric.counter(
        "cove_letsencrypt_certificates_obtained_total", ["host"], "Certificates that this node obtained.")
    private static let failed = Metric.counter(
        "cove_letsencrypt_failures_total", ["host"], "Attempts of this node to obtain a certificate that failed.")

    static let metrics = [expiry, obtained, failed]

    let manager: CertificateManager

    func write(to text: inout MetricText) {
        let meters = manager.meters.sorted { $0.key < $1.key }
        text.write(Self.expiry) {
            for (host, _) in meters { $0.add([host], manager.expiry(of: host).map { Int($0.timeIntervalSince1970) } ?? 0) }
        }
        text.write(Self.obtained) { for (host, meter) in meters { $0.add([host], meter.obtained.value) } }
        text.write(Self.failed) { for (host, meter) in meters { $0.add([host], meter.failed.value) } }
    }
}
