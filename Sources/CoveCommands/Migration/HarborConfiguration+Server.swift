import Foundation

extension HarborConfiguration {
    struct Converter: Sendable {
        let key: String
        let convert: @Sendable (JSONValue, inout HarborConfiguration) -> Void
    }

    /// In the order of Cove's sections.
    static let converters: [Converter] = server + stores + services

    /// How it is reached, and what it writes down.
    private static let server: [Converter] = [
        Converter(key: "log") { _, it in it.convertLog() },
        Converter(key: "hostname") { _, it in it.convertAddress() },
        Converter(key: "http") { _, _ in },
        Converter(key: "https") { _, it in it.convertTLS() },
        Converter(key: "external_url") { _, it in
            guard let url = it.text("external_url") else { return }
            it.keep("external_url", as: "http.host", .string(url))
        },
        Converter(key: "internal_tls") { _, it in
            it.note(all: "internal_tls", .notNeeded, "Cove is one process: nothing is sent between its parts")
        },
        Converter(key: "ip_family") { _, it in
            it.note(all: "ip_family", .notNeeded, "an address without a host, such as :443, is listened to by IPv4 and IPv6")
        },
        Converter(key: "strong_ssl_ciphers") { _, it in
            it.note("strong_ssl_ciphers", .notNeeded, "only TLS 1.2 and 1.3 with good ciphers are spoken; see http.tls.ciphersuites")
        },
        Converter(key: "proxy") { _, it in it.convertProxy() },
        Converter(key: "metric") { _, it in it.convertMetric() },
        Converter(key: "trace") { _, it in it.convertTracing("trace") },
        Converter(key: "tracing") { _, it in it.convertTracing("tracing") },
    ]

    private mutating func convertLog() {
        if let level = text("log.level") {
            switch level.lowercased() {
            case "fatal", "error": keep("log.level", as: "log.level", "error")
            case "warning", "warn": keep("log.level", as: "log.level", "warn")
            case "debug": keep("log.level", as: "log.level", "debug")
            default: keep("log.level", as: "log.level", "info")
            }
        }
        let journal = "Cove writes to standard error; what starts it keeps and rotates that, or logrotate with SIGHUP (docs/operations.md)"
        for key in ["log.local.rotate_count", "log.local.rotate_size", "log.local.location"] where value(key) != nil {
            note(key, .byHand, "\(journal); it was \(text(key) ?? "")")
        }
        for key in ["log.external_endpoint.protocol", "log.external_endpoint.host", "log.external_endpoint.port"] where value(key) != nil {
            note(
                key, .byHand,
                "lines: have the journal or the log collector send them on; the audit log: cove config set audit_log_forward_endpoint=HOST:PORT"
            )
        }
    }

    /// The address comes from three sections: it is HTTPS's when there is a certificate.
    private mutating func convertAddress() {
        let hasTLS = text("https.certificate") != nil && text("https.private_key") != nil
        let (section, usual) = hasTLS ? ("https", "443") : ("http", "80")
        let port = text("\(section).port") ?? usual
        configuration.set("http.addr", .string(":\(port)"))
        if value("\(section).port") != nil { note("\(section).port", .kept, "as http.addr, ':\(port)'") }
        if hasTLS, let plain = text("http.port") {
            note("http.port", .notNeeded, "Harbor only sent browsers from port \(plain) to HTTPS; docker never asks there")
        }
        guard let hostname = text("hostname") else { return }
        guard text("external_url") == nil else {
            return note("hostname", .notNeeded, "external_url says how it is reached")
        }
        let isUsual = port == usual
        let url = "\(section)://\(hostname)\(isUsual ? "" : ":\(port)")"
        keep("hostname", as: "http.host", .string(url))
    }

    private mutating func convertTLS() {
        guard let certificate = text("https.certificate"), let key = text("https.private_key") else {
            return note(all: "https", .notNeeded, "without certificate and private_key there was no HTTPS")
        }
        keep("https.certificate", as: "http.tls.certificate", .string(certificate))
        keep("https.private_key", as: "http.tls.key", .string(key))
        if value("https.port") == nil { configuration.set("http.addr", ":443") }
        if value("https.strong_ssl_ciphers") != nil {
            note("https.strong_ssl_ciphers", .notNeeded, "only TLS 1.2 and 1.3 with good ciphers are spoken; see http.tls.ciphersuites")
        }
    }

    private mutating func convertProxy() {
        let url = text("proxy.https_proxy") ?? text("proxy.http_proxy")
        if let url {
            // Harbor takes what has no scheme, too.
            let whole = url.contains("://") ? url : "http://\(url)"
            configuration.set("http.outbound.proxy", .string(whole))
            for key in ["proxy.https_proxy", "proxy.http_proxy"] {
                guard let text = text(key) else { continue }
                if text == url {
                    note(key, .kept, "as http.outbound.proxy")
                } else {
                    note(key, .byHand, "http.outbound.proxy is one for all; for two, leave it out and set HTTP_PROXY and HTTPS_PROXY")
                }
            }
        }
        if let list = text("proxy.no_proxy") {
            let hosts = list.split { $0 == "," || $0.isWhitespace }.map { JSONValue.string(String($0)) }
            // The names of Harbor's own containers come with it only while it is generated.
            if url == nil {
                note("proxy.no_proxy", .notNeeded, "there is no proxy")
            } else {
                keep("proxy.no_proxy", as: "http.outbound.noproxy", .array(hosts))
            }
        }
        if value("proxy.components") != nil {
            note("proxy.components", .notNeeded, "Cove is one process: the proxy is for all that it asks")
        }
    }

    private mutating func convertMetric() {
        guard value("metric.enabled") == .boolean(true) else {
            return note(all: "metric", .notNeeded, "metrics were off, as they are usually")
        }
        let port = text("metric.port") ?? "9090"
        configuration.set("http.debug.addr", .string(":\(port)"))
        keep("metric.enabled", as: "http.debug.prometheus.enabled", true)
        note("metric.port", .kept, "as http.debug.addr, ':\(port)', which must not be open to everybody")
        if let path = text("metric.path") {
            keep("metric.path", as: "http.debug.prometheus.path", .string(path.hasPrefix("/") ? path : "/\(path)"))
        }
    }

    private mutating func convertTracing(_ section: String) {
        guard value("\(section).enabled") == .boolean(true) else {
            return note(all: section, .notNeeded, "tracing was off, as it is usually")
        }
        let endpoint = text("\(section).otel.endpoint").map { "\($0)\(text("\(section).otel.url_path") ?? "")" }
        note(
            all: section, .byHand,
            endpoint.map { "set OTEL_EXPORTER_OTLP_ENDPOINT=http://\($0) in the environment (docs/operations.md)" }
                ?? "Cove sends traces by OTLP: set OTEL_EXPORTER_OTLP_ENDPOINT in the environment (docs/operations.md)")
    }
}
