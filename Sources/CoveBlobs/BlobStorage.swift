import CoveOCI
import NIOCore

/// Where the bytes of blobs and of uploads live. Which blobs exist is the metadata store's to say; this room only keeps
/// bytes under names.
///
/// A name of a committed blob (its *location*) is never used twice, not even for the same content: so whoever deletes a
/// location can never hit bytes that somebody else has just stored.
package protocol BlobStorage: Sendable {
    /// Opens an upload for writing at `offset`; bytes that an interrupted writer left beyond it are dropped.
    ///
    /// - Throws: ``BlobStorageError/missing(_:)`` when `offset` is above 0 and less than that is stored.
    func openUpload(_ id: UploadID, at offset: Int64) async throws(BlobStorageError) -> any UploadWriter

    /// Reads the first `length` bytes of an upload in order, in pieces that are valid only during the call.
    func readUpload(
        _ id: UploadID, length: Int64, _ body: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws(BlobStorageError)

    /// Gives an upload, all of whose bytes are durable, a place as a blob, has `record` write the place down, and drops
    /// the upload. The place is durable when `record` is called; no place is ever given twice.
    ///
    /// - Parameter record: told the blob's location; what it answers decides what is kept.
    func commit(
        _ id: UploadID, as digest: Digest, _ record: (String) async -> PlacementOutcome
    ) async throws(BlobStorageError)

    /// Drops an upload. Not an error when there is none.
    func discardUpload(_ id: UploadID) async throws(BlobStorageError)

    /// Opens a blob for reading.
    ///
    /// - Throws: ``BlobStorageError/missing(_:)``.
    func openBlob(_ location: String) async throws(BlobStorageError) -> any BlobReader

    /// The size of a blob's bytes; nil when there are none.
    func size(of location: String) async throws(BlobStorageError) -> Int64?

    /// Deletes a blob's bytes. Not an error when they are gone.
    func deleteBlob(_ location: String) async throws(BlobStorageError)

    /// Calls `blobs` with locations, in batches, and `uploads` with ids, that nobody is working on: bytes that a crash
    /// left behind, among all the others. What the store does not know when asked then will never be known.
    func leftovers(
        _ blobs: @Sendable ([String]) async throws -> Void, uploads: @Sendable ([UploadID]) async throws -> Void
    ) async throws

    /// Whether bytes can be written and read.
    func probe() async throws(BlobStorageError)
}

/// What became of recording where a blob is.
package enum PlacementOutcome: Sendable {
    /// The place is known: the blob stays, the upload goes.
    case recorded
    /// The content is stored elsewhere already: both go.
    case notNeeded
    /// Nothing was recorded: the blob goes, the upload stays as it was.
    case refused
    /// It cannot be told whether it was recorded: the blob stays, for ``BlobStorage/leftovers(_:uploads:)`` to find out,
    /// and the upload goes, as nobody may write to bytes that may be a blob's.
    case unknown
}

/// Appends to one upload. Used by one task at a time.
package protocol UploadWriter: Sendable {
    /// Appends pieces in order. The write may still be in the page cache when this returns.
    func append(_ pieces: [ByteBuffer]) async throws(BlobStorageError)
    /// Makes everything appended durable.
    func synchronize() async throws(BlobStorageError)
    /// Drops what was appended beyond `length`.
    func truncate(to length: Int64) async throws(BlobStorageError)
    /// Ends the use of the writer. What was appended stays.
    func close() async
}

/// Reads one blob at any offset; several reads may run at once.
package protocol BlobReader: Sendable {
    /// Up to `length` bytes from `offset`: fewer only at the end of the blob.
    func read(at offset: Int64, length: Int) async throws(BlobStorageError) -> ByteBuffer
    /// Appends up to `length` bytes from `offset` to `buffer`, without waiting: fit for an event loop.
    ///
    /// - Returns: how many, at least one; nil when they are not in memory, or the blob has ended.
    func readAtOnce(at offset: Int64, length: Int, into buffer: inout ByteBuffer) -> Int?
    func close() async
}

/// Names an upload: 32 lower-case hexadecimal digits, so never a path.
package struct UploadID: Hashable, Sendable, CustomStringConvertible {
    package let description: String

    /// A fresh id of 128 random bits.
    package init() {
        var random = SystemRandomNumberGenerator()
        description = Self.hex(random.next()) + Self.hex(random.next())
    }

    /// The id in `text`, with or without the dashes of a UUID; nil when it is not one.
    package init?(parsing text: some StringProtocol) {
        let digits = text.utf8.filter { $0 != UInt8(ascii: "-") }
        let isHex = digits.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        guard digits.count == 32, isHex else { return nil }
        description = String(decoding: digits, as: UTF8.self)
    }

    /// The id in the form of a UUID, as clients see it.
    package var uuid: String {
        var text = description
        for offset in [20, 16, 12, 8] { text.insert("-", at: text.index(text.startIndex, offsetBy: offset)) }
        return text
    }

    private static func hex(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

package enum BlobStorageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// No space left (or no quota, or no inodes).
    case full
    /// There are no such bytes.
    case missing(String)
    /// The system refused; the text names the operation, the path and the reason.
    case failed(String)

    package var description: String {
        switch self {
        case .full: "the disk is full"
        case .missing(let what): "\(what) is missing"
        case .failed(let why): why
        }
    }
}
