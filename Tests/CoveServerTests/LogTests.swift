import Foundation
import HTTPTypes
import Logging
import TestSupport
import Testing

@testable import CoveServer

@Suite("Logs")
struct LogTests {
    private static let nasty = [
        "plain", "two words", "", "a=b", "\"", "\\", "\\\"", "x\" level=error msg=\"forged", "line\nlevel=error", "\r\n", "\t", "\u{0}",
        "\u{1B}[31m",
        "\u{7F}", "é\u{1F600}", "\u{2028}", "ends in \\", "{\"a\":1}",
    ]

    private static func line(_ format: LogFormat, _ pairs: [(String, String)]) -> String {
        var line = LogLine(format, level: "info", message: "hello world")
        for (key, value) in pairs { line.add(key, value) }
        line.add("number", -7)
        return String(decoding: line.finished(), as: UTF8.self)
    }

    /// Reads `key=value` pairs, undoing quotes.
    private static func parse(_ line: String) throws -> [(String, String)] {
        var pairs: [(String, String)] = []
        var rest = Substring(line)
        while !rest.isEmpty {
            let key = rest.prefix { $0 != "=" }
            rest = rest.dropFirst(key.count + 1)
            var value = ""
            if rest.first == "\"" {
                let end = try #require(
                    rest.indices.dropFirst().first { rest[$0] == "\"" && rest[..<$0].reversed().prefix { $0 == "\\" }.count % 2 == 0 })
                let quoted = rest[...end]
                value = try #require(
                    try JSONSerialization.jsonObject(with: Data(quoted.utf8), options: .fragmentsAllowed) as? String)
                rest = rest[rest.index(after: end)...]
            } else {
                value = String(rest.prefix { $0 != " " })
                rest = rest.dropFirst(value.count)
            }
            pairs.append((String(key), value))
            if !rest.isEmpty {
                #expect(rest.first == " ")
                rest = rest.dropFirst()
            }
        }
        return pairs
    }

    @Test("no value can forge a line or a field, in text", arguments: nasty)
    func text(value: String) throws {
        let line = Self.line(.text, [("key", value), ("after", "x")])
        #expect(line.hasSuffix("\n"))
        #expect(line.unicodeScalars.count { $0.value < 0x20 } == 1)
        let pairs = try Self.parse(String(line.dropLast()))
        #expect(pairs.map(\.0) == ["time", "level", "msg", "key", "after", "number"])
        #expect(pairs.dropFirst().map(\.1) == ["info", "hello world", value, "x", "-7"])
    }

    @Test("no value can forge a line or a field, in JSON", arguments: nasty)
    func json(value: String) throws {
        let line = Self.line(.json, [("key", value), ("a \"b\"\n", "x")])
        #expect(line.unicodeScalars.count { $0.value < 0x20 } == 1)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object.count == 6)
        #expect(object["key"] as? String == value)
        #expect(object["a \"b\"\n"] as? String == "x")
        #expect(object["number"] as? Int == -7)
        #expect(object["level"] as? String == "info")
    }

    @Test("a line for Logstash is an event of its version 1", arguments: nasty)
    func logstash(value: String) throws {
        let line = Self.line(.logstash, [("key", value)])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(Set(object.keys) == ["@timestamp", "@version", "message", "level", "type", "key", "number"])
        #expect(object["@version"] as? String == "1" && object["type"] as? String == "log")
        #expect(object["message"] as? String == "hello world" && object["level"] as? String == "info")
        #expect(object["key"] as? String == value)
    }

    @Test("random values come back out of the line", arguments: 0..<4)
    func random(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = random.text(of: "ab\"\\ =\n\r\u{1}é{},:", length: 0...12)
            let pairs = try Self.parse(String(Self.line(.text, [("key", value)]).dropLast()))
            #expect(pairs.map(\.0) == ["time", "level", "msg", "key", "number"])
            #expect(pairs[3].1 == value)
        }
    }

    @Test("times are RFC 3339 in UTC with milliseconds, and the Date header's form")
    func timestamps() throws {
        let before = Date()
        let (iso, http) = (Timestamp.now(), Timestamp.httpDate())
        let after = Date()
        let first = try Date(
            iso, strategy: .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
        #expect(first.timeIntervalSince1970 >= before.timeIntervalSince1970 - 0.001 && first <= after)
        #expect(iso.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "UTC")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let second = try #require(formatter.date(from: http))
        #expect(second.timeIntervalSince1970 >= before.timeIntervalSince1970.rounded(.down) && second <= after)
        #expect(formatter.string(from: second) == http)
    }

    @Test("a logger's lines have its level, message and metadata, the event's own over the logger's")
    func handler() throws {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        var logger = Logger(label: "test") { _ in SinkLogHandler(logLevel: .debug, sink: sink, format: .text) }
        logger[metadataKey: "zone"] = "eu"
        logger.trace("not written")
        logger.notice("one", metadata: ["b": "2", "a": "x y"])
        logger.critical("two")
        sink.flush()
        try pipe.fileHandleForWriting.close()
        let lines = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self).split(separator: "\n").map { line in
            line.split(separator: " ", maxSplits: 1)[1]
        }
        #expect(lines == ["level=info msg=one zone=eu a=\"x y\" b=2", "level=error msg=two zone=eu"])
    }

    @Test("the access log says who asked for what and how it ended, but not the query")
    func accessLog() throws {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let log = AccessLog(sink: sink, format: .json, fields: [("service", "cove")])
        var exchange = Requests.exchange(
            .put, "/v2/a/manifests/v1?token=hush",
            headers: [
                .authorization: "Basic c2VjcmV0", .requestID: "id-1", .userAgent: "docker \"x\"", .realIP: "10.0.0.1",
            ])
        exchange.grant.user = "ann"
        exchange.repository = "a"
        exchange.traffic.addReceived(12)
        log.record(exchange, .created, bytes: 5, started: .now, aborted: false)
        log.record(exchange, .internalServerError, bytes: 0, started: .now, aborted: true)
        sink.flush()
        try pipe.fileHandleForWriting.close()
        let text = String(decoding: pipe.fileHandleForReading.availableData, as: UTF8.self)
        #expect(!text.contains("hush") && !text.contains("c2VjcmV0"))
        let lines = try text.split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
        let first = try #require(lines.first ?? nil)
        for (key, value) in [
            "level": "info", "msg": "request", "request_id": "id-1", "method": "PUT", "path": "/v2/a/manifests/v1", "user": "ann",
            "repository": "a", "remote": "10.0.0.1", "agent": "docker \"x\"", "service": "cove",
        ] { #expect(first[key] as? String == value, "\(key)") }
        for (key, value) in ["status": 201, "bytes": 5, "bytes_in": 12] { #expect(first[key] as? Int == value, "\(key)") }
        let second = try #require(lines.last ?? nil)
        #expect(second["level"] as? String == "error")
        #expect(second["msg"] as? String == "request aborted")
    }
}
