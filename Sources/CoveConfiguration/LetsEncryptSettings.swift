extension Configuration {
    /// `http.tls.letsencrypt`: certificates of an ACME server (RFC 8555), Let's Encrypt or another one.
    package struct LetsEncrypt: Sendable, Equatable {
        /// What an authority that knows its customers gave to make an account with (RFC 8555 section 7.3.4).
        package struct ExternalAccount: Sendable, Equatable {
            package var keyID: String
            /// In base64url, as authorities hand it out.
            package var hmacKey: String
        }

        package static let letsEncryptDirectory = "https://acme-v02.api.letsencrypt.org/directory"

        /// A directory, as in registry:2, whatever the key is called; nil for beside the metadata.
        package var cacheFile: String?
        /// Whom the authority writes to.
        package var email: String?
        /// DNS names, in lower case; a certificate each. The first is for clients that ask for none.
        package var hosts: [String]
        package var directoryURL = Self.letsEncryptDirectory
        /// A PEM file of authorities that the directory's own certificate may be of, beside the system's.
        package var directoryCA: String?
        /// Where HTTP-01 challenges are answered; nil for TLS-ALPN-01, on the TLS address itself.
        package var http01Addr: String?
        package var externalAccount: ExternalAccount?

        package init(hosts: [String]) {
            self.hosts = hosts
        }
    }
}

extension Configuration.LetsEncrypt {
    private static let path = "http.tls.letsencrypt"
    /// A certificate each, and Let's Encrypt gives 50 a week for a domain.
    private static let mostHosts = 50

    /// - Parameters:
    ///   - addresses: those that other keys have, which cannot be taken twice.
    ///   - keepsNothing: whether the storage is in memory, so that certificates need a place of their own.
    /// - Returns: nil when there is no such section, or nothing in it.
    init?(_ reader: inout SettingReader, addresses: [(key: String, addr: String)], keepsNothing: Bool) {
        let names = ["cachefile", "email", "directoryurl", "directoryca", "http01addr", "externalaccount.keyid", "externalaccount.hmackey"]
        var texts: [String: String] = [:]
        for name in names { texts[name] = reader.nonEmptyText("\(Self.path).\(name)") }
        let hosts = (reader.texts("\(Self.path).hosts") ?? []).filter { !$0.isEmpty }
        if texts.isEmpty, hosts.isEmpty { return nil }
        self.init(hosts: Self.checked(hosts, &reader))
        cacheFile = texts["cachefile"]
        if cacheFile == nil, keepsNothing {
            reader.refuse(
                "'\(Self.path).cachefile' is missing, and storage.inmemory keeps nothing, so that each start would order certificates anew; name a directory for them"
            )
        }
        email = texts["email"]
        if let email, !Self.isAddress(email) {
            reader.refuse("'\(Self.path).email' must be an address such as ops@example.org, not '\(email.prefix(80))'")
        }
        directoryURL = texts["directoryurl"] ?? directoryURL
        if !Self.isSecureURL(directoryURL) {
            reader.refuse(
                "'\(Self.path).directoryurl' must be an https URL (RFC 8555 section 6.1), not '\(Secrets.masked(directoryURL).prefix(120))'"
            )
        }
        directoryCA = texts["directoryca"]
        http01Addr = texts["http01addr"]
        if let http01Addr { Self.check(http01Addr, among: addresses, &reader) }
        externalAccount = Self.externalAccount(texts["externalaccount.keyid"], texts["externalaccount.hmackey"], &reader)
    }

    private static func checked(_ hosts: [String], _ reader: inout SettingReader) -> [String] {
        if hosts.isEmpty {
            reader.refuse("'\(path).hosts' is missing; name the hosts that certificates are for, such as hosts: [registry.example.org]")
        }
        if hosts.count > mostHosts {
            reader.refuse("'\(path).hosts' has \(hosts.count) names, each of which gets a certificate; \(mostHosts) is the most")
        }
        var names: [String] = []
        for host in hosts {
            let name = host.lowercased()
            if name.hasPrefix("*.") {
                reader.refuse(
                    "'\(path).hosts' has '\(host.prefix(80))', and wildcards are proved in the DNS only (RFC 8555 section 8.4); name each host, or obtain the certificate with another program and give http.tls.certificate"
                )
            } else if !isHostName(name) {
                reader.refuse(
                    "'\(path).hosts' has '\(host.prefix(80))', which is not a DNS name; write names such as registry.example.org, those with other letters in the form xn--…, and neither ports nor addresses"
                )
            } else if !names.contains(name) {
                names.append(name)
            }
        }
        return names
    }

    /// RFC 1123 section 2.1; the last label is no number, as that of an address would be.
    static func isHostName(_ name: String) -> Bool {
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isFine = labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && !label.hasPrefix("-") && !label.hasSuffix("-")
                && label.utf8.allSatisfy { ($0 >= 0x61 && $0 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D }
        }
        return isFine && name.utf8.count <= 253 && !(labels.last ?? "").utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
    }

    private static func isAddress(_ text: String) -> Bool {
        let sides = text.split(separator: "@", omittingEmptySubsequences: false)
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: ":") }
        return sides.count == 2 && !sides[0].isEmpty && isHostName(sides[1].lowercased()) && isPlain && text.utf8.count <= 254
    }

    private static func isSecureURL(_ text: String) -> Bool {
        guard text.hasPrefix("https://"), text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return false }
        let authority = text.dropFirst("https://".count).prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        return NetworkHost(authority) != nil
    }

    private static func check(_ addr: String, among addresses: [(key: String, addr: String)], _ reader: inout SettingReader) {
        Configuration.checkAddress(addr, .tcp, "\(path).http01addr", &reader)
        guard case .tcp(let host, let port) = ListenAddress(addr, .tcp), port != 0 else { return }
        for (key, other) in addresses {
            guard case .tcp(let otherHost, port) = ListenAddress(other, .tcp), host == otherHost || host.isEmpty || otherHost.isEmpty
            else { continue }
            reader.refuse(
                "'\(path).http01addr' is \(addr), and '\(key)' listens on \(other); give it an address of its own to which port 80 of the hosts leads, or remove it for TLS-ALPN-01"
            )
        }
    }

    private static func externalAccount(_ keyID: String?, _ hmacKey: String?, _ reader: inout SettingReader) -> ExternalAccount? {
        switch (keyID, hmacKey) {
        case (nil, nil): return nil
        case (let keyID?, let hmacKey?):
            let isCoded = hmacKey.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
            }
            // 128 bits at least.
            if !isCoded || hmacKey.utf8.count < 22 {
                reader.refuse("'\(path).externalaccount.hmackey' must be the authority's key in base64url, without padding")
            }
            return ExternalAccount(keyID: keyID, hmacKey: hmacKey)
        default:
            reader.refuse("'\(path).externalaccount.\(keyID == nil ? "keyid" : "hmackey")' is missing; give both, or neither")
            return nil
        }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        var pairs: [(String, RenderedValue)] = []
        if let cacheFile { pairs.append(("cachefile", .text(cacheFile))) }
        if let email { pairs.append(("email", .text(email))) }
        pairs += [("hosts", .texts(hosts)), ("directoryurl", .text(directoryURL))]
        if let directoryCA { pairs.append(("directoryca", .text(directoryCA))) }
        if let http01Addr { pairs.append(("http01addr", .text(http01Addr))) }
        if let externalAccount {
            let key = maskingSecrets ? Secrets.mask : externalAccount.hmacKey
            pairs.append(("externalaccount", .map([("keyid", .text(externalAccount.keyID)), ("hmackey", .text(key))])))
        }
        return .map(pairs)
    }
}
