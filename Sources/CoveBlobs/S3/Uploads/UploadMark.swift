import Crypto
import Foundation

/// What an upload's checkpoint says about where its bytes are, in a line of text.
///
/// Everything of an upload is under keys that no one else writes to: each has a suffix by chance. What a competing node
/// can still touch are the parts of a multipart upload that both go on with; ``seal`` shows that it did.
struct UploadMark: Sendable, Equatable {
    struct Multipart: Sendable, Equatable {
        /// Where the object will be.
        var location: String
        var id: String
        /// Parts of it that belong to the upload: 1 to this.
        var parts: Int
    }

    struct Rest: Sendable, Equatable {
        /// An object with the bytes after the last part; all bytes when there are no parts.
        var location: String
        var length: Int64
    }

    var multipart: Multipart?
    var rest: Rest?
    /// The ETag that the object has when the parts and then the rest are joined.
    var seal: String

    /// What a metadata store takes.
    static let longest = 1024

    /// The text of a checkpoint. Locations are the upload's own, so their suffixes say all.
    func text(of id: UploadID) -> String {
        let rest = self.rest.map { "\(S3Location.suffix($0.location, of: id)) \($0.length)" } ?? "- 0"
        let multipart = self.multipart.map { " \(S3Location.suffix($0.location, of: id)) \($0.parts) \($0.id)" } ?? ""
        return "1 \(seal) \(rest)\(multipart)"
    }

    init(multipart: Multipart?, rest: Rest?, seal: String) {
        self.multipart = multipart
        self.rest = rest
        self.seal = seal
    }

    /// Reads a checkpoint's text; nil when it is no mark of this storage.
    init?(_ text: String, of id: UploadID) {
        let words = text.split(separator: " ", maxSplits: 6)
        guard words.count == 4 || words.count == 7, words[0] == "1", let length = Int64(words[3]), length >= 0 else { return nil }
        seal = String(words[1])
        if words[2] != "-" {
            guard let location = S3Location(id, suffix: words[2]) else { return nil }
            rest = Rest(location: location.text, length: length)
        }
        if words.count == 7 {
            guard let location = S3Location(id, suffix: words[4]), let parts = Int(words[5]), parts >= 0 else { return nil }
            multipart = Multipart(location: location.text, id: String(words[6]), parts: parts)
        }
    }

    /// The ETag that S3 gives an object joined of parts with these ETags: the MD5 of their MD5s, and how many they are.
    /// Where ETags are no MD5s (with KMS, say), something that no ETag equals, but that still tells other parts apart.
    static func seal(of etags: [String]) -> String {
        let hashes = etags.compactMap(bytes(ofMD5:))
        guard hashes.count == etags.count else {
            return "x" + SHA256.hash(data: Data(etags.joined(separator: " ").utf8)).hexadecimal
        }
        return "\(Insecure.MD5.hash(data: Data(hashes.joined())).hexadecimal)-\(etags.count)"
    }

    private static func bytes(ofMD5 etag: String) -> [UInt8]? {
        let digits = etag.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue.map(UInt8.init) }
        guard digits.count == 32, etag.utf8.count == 32 else { return nil }
        return stride(from: 0, to: 32, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
