/// Reads the XML of S3's answers.
///
/// Our own, because that is little: no document types (and so no entities that grow or fetch), no validation, and no C
/// library under it. It refuses what it does not know rather than guess.
struct XMLReader {
    struct Malformed: Error, Equatable {
        /// Bytes before the one that made no sense.
        let offset: Int
    }

    private static let mostDepth = 32

    private let bytes: [UInt8]
    private var position = 0

    /// - Throws: ``Malformed``.
    static func read(_ bytes: some Sequence<UInt8>) throws(Malformed) -> XMLElement {
        var reader = XMLReader(bytes: Array(bytes))
        return try reader.document()
    }

    private init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    private mutating func document() throws(Malformed) -> XMLElement {
        var open: [XMLElement] = []
        skip("\u{FEFF}")
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<") else {
                let text = try text()
                if open.isEmpty {
                    guard text.allSatisfy(\.isWhitespace) else { throw malformed }
                } else {
                    open[open.count - 1].text += text
                }
                continue
            }
            if skip("<?") {
                try skip(past: "?>")
            } else if skip("<!--") {
                try skip(past: "-->")
            } else if skip("<![CDATA[") {
                let start = position
                try skip(past: "]]>")
                guard !open.isEmpty else { throw malformed }
                open[open.count - 1].text += String(decoding: bytes[start..<position - 3], as: UTF8.self)
            } else if skip("</") {
                guard let element = open.popLast(), try name() == element.name else { throw malformed }
                skipSpace()
                guard skip(">") else { throw malformed }
                if try close(element, in: &open) { return try end(with: element) }
            } else {
                position += 1
                let element = XMLElement(name: try name())
                if try attributes() {
                    guard open.count < Self.mostDepth else { throw malformed }
                    open.append(element)
                } else if try close(element, in: &open) {
                    return try end(with: element)
                }
            }
        }
        throw malformed
    }

    /// Puts a finished element where it belongs.
    ///
    /// - Returns: whether it is the root.
    private func close(_ element: XMLElement, in open: inout [XMLElement]) throws(Malformed) -> Bool {
        guard !open.isEmpty else { return true }
        var element = element
        if !element.children.isEmpty { element.text = "" }
        open[open.count - 1].children.append(element)
        return false
    }

    /// Nothing but space and comments may come after the root.
    private mutating func end(with root: XMLElement) throws(Malformed) -> XMLElement {
        skipSpace()
        while skip("<!--") {
            try skip(past: "-->")
            skipSpace()
        }
        guard position == bytes.count else { throw malformed }
        var root = root
        if !root.children.isEmpty { root.text = "" }
        return root
    }

    /// A name without its prefix: `s3:Key` is `Key`.
    private mutating func name() throws(Malformed) -> String {
        let start = position
        while position < bytes.count, Self.isName(bytes[position]) { position += 1 }
        guard position > start else { throw malformed }
        let name = bytes[start..<position]
        return String(decoding: name.split(separator: UInt8(ascii: ":")).last ?? name, as: UTF8.self)
    }

    /// Skips to the end of a start tag.
    ///
    /// - Returns: whether the element has content.
    private mutating func attributes() throws(Malformed) -> Bool {
        while true {
            skipSpace()
            if skip("/>") { return false }
            if skip(">") { return true }
            _ = try name()
            skipSpace()
            guard skip("=") else { throw malformed }
            skipSpace()
            guard let quote = ["\"", "'"].first(where: { skip($0) }) else { throw malformed }
            try skip(past: quote)
        }
    }

    private mutating func text() throws(Malformed) -> String {
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            if bytes[position] == UInt8(ascii: "&") {
                text += try reference().utf8
            } else {
                text.append(bytes[position])
                position += 1
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `&lt;`, `&#10;`, `&#xA;`
    private mutating func reference() throws(Malformed) -> String {
        let start = position + 1
        guard let end = bytes[start..<min(start + 10, bytes.count)].firstIndex(of: UInt8(ascii: ";")) else { throw malformed }
        let name = String(decoding: bytes[start..<end], as: UTF8.self)
        let named = ["lt": "<", "gt": ">", "amp": "&", "quot": "\"", "apos": "'"]
        if let character = named[name] {
            position = end + 1
            return character
        }
        let number = name.hasPrefix("#x") ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
        guard let scalar = number.flatMap(Unicode.Scalar.init) else { throw malformed }
        position = end + 1
        return String(Character(scalar))
    }

    @discardableResult
    private mutating func skip(_ text: String) -> Bool {
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    private mutating func skip(past text: String) throws(Malformed) {
        while position < bytes.count {
            if skip(text) { return }
            position += 1
        }
        throw malformed
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    private var malformed: Malformed { Malformed(offset: position) }

    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"), 0x80...: true
        default: false
        }
    }
}
