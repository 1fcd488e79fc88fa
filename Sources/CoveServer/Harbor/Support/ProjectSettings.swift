/// What is kept of a project under Harbor's names (`metadatas`), and what each may be.
enum ProjectSettings {
    private enum Kind {
        case flag
        case word([String])
        /// From that number on.
        case integer(from: Int64)
        case text(longest: Int)
        /// Said of a project by something else, and not to be changed here.
        case told
    }

    /// Kept with the project itself, as rights hang on it.
    static let isPublic = "public"
    static let reusesSystemAllowlist = "reuse_sys_cve_allowlist"

    private static let kinds: [String: Kind] = [
        isPublic: .flag,
        "enable_content_trust": .flag,
        "enable_content_trust_cosign": .flag,
        "prevent_vul": .flag,
        "severity": .word(["none", "low", "medium", "high", "critical"]),
        "auto_scan": .flag,
        "auto_sbom_generation": .flag,
        reusesSystemAllowlist: .flag,
        "retention_id": .told,
        "proxy_speed_kb": .integer(from: -1),
        "max_upstream_conn": .integer(from: -1),
        "proxy_cache_local_on_not_found": .flag,
        "proxy_referrer_api": .flag,
        "proxy_cache_filter_pattern": .text(longest: 1024),
        "proxy_cache_filter_kind": .word(["doublestar", "regex"]),
    ]

    static var names: [String] { kinds.keys.sorted() }

    /// Whether something else says it of a project, so that it cannot be changed by itself.
    static func isTold(_ name: String) -> Bool {
        if case .told? = kinds[name] { return true }
        return false
    }

    /// The values as they are kept.
    ///
    /// - Parameters:
    ///   - values: as sent.
    ///   - known: what is kept now: what cannot be changed may be sent back.
    /// - Throws: ``HarborFailure`` that names the key.
    static func check(_ values: [String: String], known: [String: String] = [:]) throws(HarborFailure) -> [String: String] {
        var checked: [String: String] = [:]
        for (name, value) in values.sorted(by: { $0.key < $1.key }) {
            guard let kind = kinds[name] else {
                throw .badRequest("metadata: '\(name.prefix(60))' is not one of \(names.joined(separator: ", "))")
            }
            func refuse(_ expected: String) -> HarborFailure {
                .badRequest("metadata.\(name): '\(value.prefix(60))' is not \(expected)")
            }
            switch kind {
            case .flag:
                guard let flag = ["true": true, "1": true, "false": false, "0": false][value.lowercased()] else {
                    throw refuse("true or false")
                }
                checked[name] = flag ? "true" : "false"
            case .word(let words):
                guard words.contains(value.lowercased()) else { throw refuse("one of \(words.joined(separator: ", "))") }
                checked[name] = value.lowercased()
            case .integer(let first):
                guard let number = Int64(value), number >= first else { throw refuse("a whole number from \(first) on") }
                checked[name] = String(number)
            case .text(let longest): checked[name] = try HarborText.check(value, "metadata.\(name)", in: 0...longest)
            case .told:
                guard value.isEmpty || value == known[name] else {
                    throw .badRequest("metadata.\(name): it follows from the project's retention policy and cannot be set")
                }
            }
        }
        return checked
    }
}

extension Harbor.ProjectMetadata {
    /// What is in it, by Harbor's names.
    var values: [String: String] {
        let all: [(CodingKeys, String?)] = [
            (.public, `public`), (.enableContentTrust, enableContentTrust), (.enableContentTrustCosign, enableContentTrustCosign),
            (.preventVul, preventVul), (.severity, severity), (.autoScan, autoScan), (.autoSbomGeneration, autoSbomGeneration),
            (.reuseSysCveAllowlist, reuseSysCveAllowlist), (.retentionId, retentionId), (.proxySpeedKb, proxySpeedKb),
            (.maxUpstreamConn, maxUpstreamConn), (.proxyCacheLocalOnNotFound, proxyCacheLocalOnNotFound),
            (.proxyReferrerApi, proxyReferrerApi), (.proxyCacheFilterPattern, proxyCacheFilterPattern),
            (.proxyCacheFilterKind, proxyCacheFilterKind),
        ]
        var values: [String: String] = [:]
        for (key, value) in all { if let value { values[key.rawValue] = value } }
        return values
    }

    init(_ values: [String: String]) {
        func value(_ key: CodingKeys) -> String? { values[key.rawValue] }
        self.init(
            public: value(.public), enableContentTrust: value(.enableContentTrust),
            enableContentTrustCosign: value(.enableContentTrustCosign), preventVul: value(.preventVul), severity: value(.severity),
            autoScan: value(.autoScan), autoSbomGeneration: value(.autoSbomGeneration),
            reuseSysCveAllowlist: value(.reuseSysCveAllowlist), retentionId: value(.retentionId), proxySpeedKb: value(.proxySpeedKb),
            maxUpstreamConn: value(.maxUpstreamConn), proxyCacheLocalOnNotFound: value(.proxyCacheLocalOnNotFound),
            proxyReferrerApi: value(.proxyReferrerApi), proxyCacheFilterPattern: value(.proxyCacheFilterPattern),
            proxyCacheFilterKind: value(.proxyCacheFilterKind))
    }
}
