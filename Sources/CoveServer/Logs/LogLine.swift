import Foundation

/// The formats of a log line.
package enum LogFormat: Sendable {
    /// `time="…" level=info msg="…" key=value`, as registry:2 writes it.
    case text
    /// One JSON object a line.
    case json
    /// JSON in Logstash's form of events, version 1: `@timestamp`, `@version`, `message`, `level`, `type`.
    case logstash
}

/// Builds one log line. Values are quoted and escaped, so that no value can forge a line or a field.
struct LogLine {
    private(set) var bytes: [UInt8] = []
    private let format: LogFormat

    init(_ format: LogFormat, level: String, message: String) {
        self.format = format
        bytes.reserveCapacity(320)
        if format != .text { bytes.append(UInt8(ascii: "{")) }
        guard format == .logstash else {
            add("time", Timestamp.now())
            add("level", level)
            add("msg", message)
            return
        }
        add("@timestamp", Timestamp.now())
        add("@version", "1")
        add("level", level)
        add("message", message)
        add("type", "log")
    }

    mutating func add(_ key: String, _ value: String) {
        begin(key)
        switch format {
        case .json, .logstash: quote(value)
        case .text: if Self.isPlain(value) { bytes.append(contentsOf: value.utf8) } else { quote(value) }
        }
    }

    mutating func add(_ key: String, _ number: Int) {
        begin(key)
        bytes.append(contentsOf: String(number).utf8)
    }

    /// The line with its end.
    consuming func finished() -> [UInt8] {
        if format != .text { bytes.append(UInt8(ascii: "}")) }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private mutating func begin(_ key: String) {
        switch format {
        case .json, .logstash:
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            quote(key)
            bytes.append(UInt8(ascii: ":"))
        case .text:
            if !bytes.isEmpty { bytes.append(UInt8(ascii: " ")) }
            bytes.append(contentsOf: key.utf8)
            bytes.append(UInt8(ascii: "="))
        }
    }

    private mutating func quote(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0x0A: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
            case 0..<0x20, 0x7F:
                bytes.append(contentsOf: Array("\\u00".utf8))
                bytes.append(Self.hex(byte >> 4))
                bytes.append(Self.hex(byte & 15))
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func hex(_ nibble: UInt8) -> UInt8 {
        nibble < 10 ? UInt8(ascii: "0") + nibble : UInt8(ascii: "a") + nibble - 10
    }

    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "/"), UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "+"):
                    true
                default: false
                }
            }
    }
}
