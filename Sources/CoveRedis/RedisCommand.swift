import NIOCore

/// A command as it goes over the wire: an array of bulk strings (RESP, "Sending commands to a Redis server").
struct RedisCommand: Sendable {
    let words: [String]

    init(_ words: String...) {
        self.words = words
    }

    init(_ words: [String]) {
        self.words = words
    }

    var name: String { words.first ?? "" }

    func encode(into buffer: inout ByteBuffer) {
        buffer.writeString("*\(words.count)\r\n")
        for word in words { buffer.writeString("$\(word.utf8.count)\r\n\(word)\r\n") }
    }
}
