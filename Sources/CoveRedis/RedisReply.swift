import CHiredis

/// A reply of RESP 2.
indirect enum RedisReply: Sendable, Equatable {
    case null
    case integer(Int64)
    /// `+OK` and the like.
    case status(String)
    case error(String)
    case bytes([UInt8])
    case array([RedisReply])

    /// Nil for a type that RESP 2 does not have.
    init?(_ reply: redisReply) {
        switch reply.type {
        case REDIS_REPLY_NIL: self = .null
        case REDIS_REPLY_INTEGER: self = .integer(reply.integer)
        case REDIS_REPLY_STATUS: self = .status(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_STRING: self = .bytes(Array(Self.bytes(reply)))
        case REDIS_REPLY_ARRAY:
            var elements: [RedisReply] = []
            for index in 0..<Int(reply.elements) {
                guard let element = reply.element?[index].flatMap({ RedisReply($0.pointee) }) else { return nil }
                elements.append(element)
            }
            self = .array(elements)
        default: return nil
        }
    }

    /// A status or a string as text; nil for others and for what is not UTF-8.
    var text: String? {
        switch self {
        case .status(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        default: nil
        }
    }

    /// The first word of an error, as in `WRONGTYPE Operation against a key…`. The rest is not to be shown: for an
    /// unknown command it has the arguments, and a server may have renamed AUTH.
    static func code(of error: String) -> String {
        let word = error.prefix { $0 != " " }
        let isCode = !word.isEmpty && word.utf8.count <= 24 && word.utf8.allSatisfy { (0x41...0x5A).contains($0) }
        return isCode ? String(word) : "an error"
    }

    private static func bytes(_ reply: redisReply) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: reply.str, count: Int(reply.len))
    }
}
