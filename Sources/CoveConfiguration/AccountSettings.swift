import Foundation

/// `auth.accounts`: users, projects and robots of this registry's own, with its own token service and Harbor's API.
package struct AccountSettings: Sendable, Equatable {
    package struct Lockout: Sendable, Equatable {
        /// Failures on end; 0 for never.
        package var failures = 5
        package var delay = Duration.seconds(5)
        package var longestDelay = Duration.seconds(900)
    }

    // Harbor's names: scripts that ask for tokens have them written down.
    static let usualService = "harbor-registry"
    static let usualIssuer = "harbor-token-issuer"
    static let usualRobotPrefix = "robot$"

    /// Nil: on the host that the client asks.
    package var realm: String?
    package var service = usualService
    package var issuer = usualIssuer
    package var tokenExpiration = Duration.seconds(1800)
    package var refreshTokenExpiration = Duration.seconds(720 * 3600)
    package var selfRegistration = false
    package var robotPrefix = usualRobotPrefix
    package var lockout = Lockout()
    /// What settings that are secrets are sealed with; nil for a key of this node's, or of the nodes'.
    package var secretKey: String?

    package init() {}

    init(_ reader: inout SettingReader) {
        let section = "auth.accounts"
        realm = reader.nonEmptyText("\(section).realm")
        service = reader.nonEmptyText("\(section).service") ?? Self.usualService
        issuer = reader.nonEmptyText("\(section).issuer") ?? Self.usualIssuer
        tokenExpiration = reader.duration("\(section).tokenexpiration", in: .seconds(1)...(.seconds(86_400))) ?? tokenExpiration
        refreshTokenExpiration =
            reader.duration("\(section).refreshtokenexpiration", in: .seconds(1)...(.seconds(8760 * 3600))) ?? refreshTokenExpiration
        selfRegistration = reader.boolean("\(section).selfregistration") ?? false
        robotPrefix = reader.nonEmptyText("\(section).robotprefix") ?? Self.usualRobotPrefix
        lockout.failures = reader.integer("\(section).lockout.failures", in: 0...1000) ?? lockout.failures
        lockout.delay = reader.duration("\(section).lockout.delay", in: .seconds(1)...(.seconds(86_400))) ?? lockout.delay
        lockout.longestDelay =
            reader.duration("\(section).lockout.maxdelay", in: .seconds(1)...(.seconds(86_400))) ?? max(lockout.longestDelay, lockout.delay)
        secretKey = reader.nonEmptyText("\(section).secretkey")
        check(&reader)
    }

    private func check(_ reader: inout SettingReader) {
        func isPlain(_ text: String) -> Bool {
            text.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" }
        }
        if let realm {
            let isURL = URL(string: realm).map { ["http", "https"].contains($0.scheme) && $0.host() != nil } ?? false
            if !isURL || !isPlain(realm) || realm.contains(" ") {
                reader.refuse(
                    "'auth.accounts.realm' must be the token service's URL, such as https://registry.example.org/service/token, not '\(Secrets.masked(realm).prefix(80))'"
                )
            }
        }
        if !isPlain(service) { reader.refuse("'auth.accounts.service' must be plain text without quotes") }
        if !isPlain(issuer) { reader.refuse("'auth.accounts.issuer' must be plain text without quotes") }
        if !isPlain(robotPrefix) || robotPrefix.contains(where: { ":+/ ".contains($0) }) || robotPrefix.utf8.count > 32 {
            reader.refuse(
                "'auth.accounts.robotprefix' must be plain text of at most 32 bytes without quotes, spaces, ':', '+' and '/', not '\(robotPrefix.prefix(40))'"
            )
        }
        if let secretKey, !(16...1024).contains(secretKey.utf8.count) {
            reader.refuse("'auth.accounts.secretkey' has \(secretKey.utf8.count) bytes; 16 to 1024 are allowed, such as of: openssl rand -hex 32")
        }
        if lockout.longestDelay < lockout.delay {
            reader.refuse("'auth.accounts.lockout.maxdelay' is shorter than 'auth.accounts.lockout.delay'; make it at least as long")
        }
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        var pairs: [(String, RenderedValue)] = []
        if let realm { pairs.append(("realm", .text(realm))) }
        pairs += [
            ("service", .text(service)), ("issuer", .text(issuer)), ("tokenexpiration", .text(tokenExpiration.goSyntax)),
            ("refreshtokenexpiration", .text(refreshTokenExpiration.goSyntax)), ("selfregistration", .flag(selfRegistration)),
            ("robotprefix", .text(robotPrefix)),
            (
                "lockout",
                .map([
                    ("failures", .number(lockout.failures)), ("delay", .text(lockout.delay.goSyntax)),
                    ("maxdelay", .text(lockout.longestDelay.goSyntax)),
                ])
            ),
        ]
        if let secretKey { pairs.append(("secretkey", .text(maskingSecrets ? Secrets.mask : secretKey))) }
        return .map(pairs)
    }
}
