import CoveMetadata

extension Harbor.CVEAllowlist {
    private static let longestName = 128

    init(_ list: CVEAllowlistRecord, projectID: Int64? = nil) {
        let project = projectID ?? list.projectID ?? 0
        self.init(
            id: project, projectId: project, expiresAt: list.expiresAt, items: list.names.map { Harbor.CVEAllowlistItem(cveId: $0) },
            creationTime: list.createdAt == 0 ? nil : HarborTime(list.createdAt),
            updateTime: list.updatedAt == 0 ? nil : HarborTime(list.updatedAt))
    }

    /// The names of what is put up with, each once.
    ///
    /// - Parameter field: what its fields' names begin with in messages.
    /// - Throws: ``HarborFailure`` that names the field.
    func names(field: String) throws(HarborFailure) -> [String] {
        var names: [String] = []
        var seen: Set<String> = []
        for (index, item) in (items ?? []).enumerated() {
            let place = "\(field)items[\(index)].cve_id"
            guard let name = item.cveId, (1...Self.longestName).contains(name.utf8.count),
                name.utf8.allSatisfy({ Self.isAllowed($0) })
            else { throw .badRequest("\(place): '\((item.cveId ?? "").prefix(60))' is no name such as CVE-2019-10164") }
            guard seen.insert(name).inserted else { throw .badRequest("\(place): '\(name)' is in the list twice") }
            names.append(name)
        }
        if let expiresAt, expiresAt < 0 { throw .badRequest("\(field)expires_at: \(expiresAt) is not a time in seconds since 1970") }
        return names
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: ":"):
            true
        default: false
        }
    }
}
