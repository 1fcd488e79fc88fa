import Foundation

/// A set of IP addresses given by prefixes (RFC 4632, RFC 4291), looked up by halves. An IPv4 address is the IPv6 address
/// that it maps to, `::ffff:192.0.2.1`.
package struct AddressRanges: Sendable {
    /// In order, none touching another.
    private let ranges: [ClosedRange<UInt128>]

    package init() {
        ranges = []
    }

    /// - Parameter prefixes: `192.0.2.0/24`, `2001:db8::/32`; others are passed over.
    package init(_ prefixes: some Sequence<String>) {
        var merged: [ClosedRange<UInt128>] = []
        for range in prefixes.compactMap(Self.range).sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = merged.last, range.lowerBound <= last.upperBound || range.lowerBound - last.upperBound == 1 {
                merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        ranges = merged
    }

    package var isEmpty: Bool { ranges.isEmpty }

    /// Whether an address is in one of the prefixes; false for what is no address.
    package func contains(_ address: String) -> Bool {
        guard let number = Self.number(address) else { return false }
        var (low, high) = (0, ranges.count)
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].upperBound < number { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count && ranges[low].lowerBound <= number
    }

    private static func range(_ prefix: String) -> ClosedRange<UInt128>? {
        let parts = prefix.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let bits = Int(parts[1]), let address = number(String(parts[0])) else { return nil }
        let width = parts[0].utf8.contains(UInt8(ascii: ":")) ? 128 : 32
        guard (0...width).contains(bits) else { return nil }
        let host = width == bits ? 0 : UInt128.max >> (128 - UInt128(width - bits))
        return (address & ~host)...(address | host)
    }

    private static func number(_ text: String) -> UInt128? {
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 {
            return withUnsafeBytes(of: &six) { $0.reduce(0) { $0 << 8 | UInt128($1) } }
        }
        var four = in_addr()
        guard inet_pton(AF_INET, text, &four) == 1 else { return nil }
        return withUnsafeBytes(of: &four) { $0.reduce(0xFFFF) { $0 << 8 | UInt128($1) } }
    }
}
