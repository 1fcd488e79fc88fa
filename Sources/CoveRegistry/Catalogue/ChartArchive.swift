import CZlib
import NIOCore

/// A packaged chart: a tar file (POSIX.1-1988, "ustar") in gzip, whose files are below a folder of the chart's name.
enum ChartArchive {
    /// Of the archive, in bytes.
    static let largest = 8 << 20
    /// Of a file that is shown.
    private static let largestFile = 1 << 20
    /// Of what is unpacked while looking for it: an archive of 8 MiB can say that it holds gigabytes.
    private static let mostUnpacked = 64 << 20

    /// The content of a file right below the chart's folder, whatever the case of its name.
    ///
    /// - Returns: nil when there is none, or the archive is malformed before it, or it is larger than 1 MiB or no UTF-8.
    static func file(_ name: String, in archive: ByteBuffer) -> String? {
        var search = Search(name: name.lowercased())
        unpack(archive) { search.take($0) }
        return search.content.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// Gives what is unpacked in pieces until `body` says that it is enough.
    private static func unpack(_ archive: ByteBuffer, _ body: (UnsafeBufferPointer<UInt8>) -> Bool) {
        var stream = z_stream()
        guard cove_inflate_gzip_begin(&stream) == Z_OK else { return }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: 64 * 1024)
        var total = 0
        archive.withUnsafeReadableBytes { bytes in
            let input = bytes.bindMemory(to: UInt8.self)
            stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
            stream.avail_in = UInt32(input.count)
            var status = Z_OK
            while status == Z_OK, total < mostUnpacked {
                let goesOn = output.withUnsafeMutableBufferPointer { buffer in
                    stream.next_out = buffer.baseAddress
                    stream.avail_out = UInt32(buffer.count)
                    status = inflate(&stream, Z_NO_FLUSH)
                    let count = buffer.count - Int(stream.avail_out)
                    total += count
                    return count > 0 && body(UnsafeBufferPointer(rebasing: UnsafeBufferPointer(buffer)[..<count]))
                }
                if !goesOn { return }
            }
        }
    }

    /// Reads a tar file as it comes.
    private struct Search {
        let name: String
        var content: [UInt8]?
        private var header: [UInt8] = []
        /// Bytes of the entry that are still to come, and of them those of the file that is sought.
        private var left = 0
        private var wanted = 0

        init(name: String) { self.name = name }

        /// - Returns: whether to go on.
        mutating func take(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
            var rest = bytes[...]
            while !rest.isEmpty {
                if left > 0 {
                    let count = min(left, rest.count)
                    if wanted > 0 {
                        let part = min(wanted, count)
                        content?.append(contentsOf: rest.prefix(part))
                        wanted -= part
                        if wanted == 0 { return false }
                    }
                    left -= count
                    rest = rest.dropFirst(count)
                    continue
                }
                let count = min(512 - header.count, rest.count)
                header.append(contentsOf: rest.prefix(count))
                rest = rest.dropFirst(count)
                if header.count == 512, !begin() { return false }
            }
            return true
        }

        private mutating func begin() -> Bool {
            defer { header.removeAll(keepingCapacity: true) }
            // Two empty blocks are the end.
            if header.allSatisfy({ $0 == 0 }) { return false }
            guard let size = octal(124..<136) else { return false }
            left = (size + 511) / 512 * 512
            let isFile = header[156] == UInt8(ascii: "0") || header[156] == 0
            let parts = path.split(separator: "/").filter { $0 != "." }
            guard isFile, parts.count == 2, parts[1].lowercased() == name else { return true }
            guard size <= ChartArchive.largestFile else { return false }
            content = []
            wanted = size
            return size > 0
        }

        private var path: String {
            let prefix = header[257..<262].elementsEqual("ustar".utf8) ? text(345..<500) : ""
            return prefix.isEmpty ? text(0..<100) : "\(prefix)/\(text(0..<100))"
        }

        private func text(_ range: Range<Int>) -> String {
            String(decoding: header[range].prefix { $0 != 0 }, as: UTF8.self)
        }

        private func octal(_ range: Range<Int>) -> Int? {
            let digits = header[range].drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
            return Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 >= 0 ? $0 : nil }
        }
    }
}
