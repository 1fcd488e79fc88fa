import Yams

extension Configuration {
    /// The effective values in the format they are read in.
    ///
    /// - Parameter maskingSecrets: whether secrets are shown as `<hidden>`.
    package func rendered(maskingSecrets: Bool) -> String {
        (try? Yams.serialize(node: Node(tree(maskingSecrets: maskingSecrets)), sortKeys: false)) ?? ""
    }

    /// The effective values as nested keys, in reading order.
    package func tree(maskingSecrets: Bool) -> RenderedValue {
        var pairs = sections(maskingSecrets)
        pairs.append(("tags", .map([("maxtags", .number(maxTags))])))
        if !repositoryClasses.isEmpty {
            let classes = RenderedValue.texts(repositoryClasses.map(\.rawValue))
            pairs.append(("policy", .map([("repository", .map([("classes", classes)]))])))
        }
        if !middleware.isEmpty { pairs.append(("middleware", .map([("storage", .list(middleware.map { $0.rendered() }))]))) }
        if let redis { pairs.append(("redis", redis.rendered(maskingSecrets: maskingSecrets))) }
        if notifications != Notifications() {
            pairs.append(("notifications", notifications.rendered(maskingSecrets: maskingSecrets)))
        }
        if jobs != Jobs() { pairs.append(("jobs", jobs.rendered)) }
        if webhooks != WebhookSettings() { pairs.append(("webhooks", webhooks.rendered)) }
        if audit != AuditSettings() { pairs.append(("audit", audit.rendered)) }
        if !proxy.all.isEmpty { pairs.append(("proxy", proxy.rendered(maskingSecrets: maskingSecrets))) }
        return .map(pairs)
    }

    private func sections(_ maskingSecrets: Bool) -> [(String, RenderedValue)] {
        [
            ("version", .text("0.1")),
            ("durability", .text(durability.rawValue)),
            ("log", renderedLog),
            ("storage", renderedStorage(maskingSecrets)),
            ("metadata", metadata.rendered(maskingSecrets: maskingSecrets)),
            ("auth", renderedAuth(maskingSecrets)),
            ("http", renderedHTTP(maskingSecrets)),
            (
                "validation",
                .map([
                    ("disabled", .flag(validation.disabled)),
                    (
                        "manifests",
                        .map([
                            (
                                "urls",
                                .map([
                                    ("allow", .texts(validation.allowedURLs)), ("deny", .texts(validation.deniedURLs)),
                                ])
                            ),
                            (
                                "indexes",
                                .map([
                                    ("platforms", .text(validation.platforms.rawValue)),
                                    (
                                        "platformlist",
                                        .list(
                                            validation.platformList.map { platform in
                                                var pairs: [(String, RenderedValue)] = [
                                                    ("os", .text(platform.os)), ("architecture", .text(platform.architecture)),
                                                ]
                                                if let variant = platform.variant { pairs.append(("variant", .text(variant))) }
                                                return .map(pairs)
                                            })
                                    ),
                                ])
                            ),
                        ])
                    ),
                ])
            ),
            ("catalog", .map([("maxentries", .number(catalogMaxEntries))])),
            ("health", health.rendered(maskingSecrets: maskingSecrets)),
        ]
    }

    private var renderedLog: RenderedValue {
        .map([
            ("level", .text(log.level.rawValue)), ("formatter", .text(log.formatter.rawValue)),
            ("fields", .map(log.fields.sorted { $0.key < $1.key }.map { ($0.key, .text($0.value)) })),
            ("accesslog", .map([("disabled", .flag(log.accessLogDisabled))])),
        ])
    }

    private func renderedStorage(_ maskingSecrets: Bool) -> RenderedValue {
        let driver: (String, RenderedValue) =
            switch storage.driver {
            case .inMemory: ("inmemory", .map([]))
            case .filesystem(let root, let threads):
                ("filesystem", .map([("rootdirectory", .text(root)), ("maxthreads", .number(threads))]))
            case .s3(let settings): ("s3", settings.rendered(maskingSecrets: maskingSecrets))
            }
        return .map([
            driver,
            ("delete", .map([("enabled", .flag(storage.deleteEnabled))])),
            ("import", .text(storage.importing.rawValue)),
            ("redirect", .map([("disable", .flag(storage.redirectDisabled))])),
            (
                "cache",
                .map([
                    ("blobdescriptor", .text(storage.cache.rawValue)),
                    ("blobdescriptorsize", .number(storage.cachedDescriptors)),
                ])
            ),
            (
                "maintenance",
                .map([
                    (
                        "uploadpurging",
                        .map([
                            ("enabled", .flag(storage.uploadPurging.enabled)),
                            ("age", .text(storage.uploadPurging.age.goSyntax)),
                            ("interval", .text(storage.uploadPurging.interval.goSyntax)),
                            ("dryrun", .flag(storage.uploadPurging.dryRun)),
                        ])
                    ),
                    ("readonly", .map([("enabled", .flag(storage.readOnly))])),
                ])
            ),
        ])
    }

    private func renderedAuth(_ maskingSecrets: Bool) -> RenderedValue {
        switch auth {
        case .none: .map([])
        case .htpasswd(let realm, let path):
            .map([("htpasswd", .map([("realm", .text(realm)), ("path", .text(path))]))])
        case .token(let settings): .map([("token", settings.rendered)])
        case .accounts(let settings): .map([("accounts", settings.rendered(maskingSecrets: maskingSecrets))])
        }
    }

    private func renderedHTTP(_ maskingSecrets: Bool) -> RenderedValue {
        var pairs: [(String, RenderedValue)] = [("addr", .text(http.addr)), ("net", .text(http.net.rawValue))]
        if !http.prefix.isEmpty { pairs.append(("prefix", .text(http.prefix))) }
        if let host = http.host { pairs.append(("host", .text(host))) }
        if let secret = http.secret { pairs.append(("secret", .text(maskingSecrets ? Secrets.mask : secret))) }
        pairs += [
            ("relativeurls", .flag(http.relativeURLs)), ("draintimeout", .text(http.drainTimeout.goSyntax)),
        ]
        if let grace = http.graceTime { pairs.append(("gracetime", .text(grace.goSyntax))) }
        pairs += [
            ("headers", .map(http.headers.map { ($0.name, .texts($0.values)) })),
            ("http2", .map([("disabled", .flag(!http.http2))])),
            ("h2c", .map([("enabled", .flag(http.h2c))])),
        ]
        if let debug = http.debug { pairs.append(("debug", debug.rendered)) }
        if let tls = http.tls { pairs.append(("tls", Self.rendered(tls, maskingSecrets))) }
        pairs.append(
            (
                "listeners",
                .list(
                    http.listeners.map { listener in
                        var inner: [(String, RenderedValue)] = [
                            ("addr", .text(listener.addr)), ("net", .text(listener.net.rawValue)),
                        ]
                        if let tls = listener.tls { inner.append(("tls", Self.rendered(tls, maskingSecrets))) }
                        return .map(inner)
                    })
            ))
        pairs.append(
            (
                "limits",
                .map([
                    ("maxconnections", .number(http.limits.maxConnections)),
                    ("headertimeout", .text(http.limits.headerTimeout.goSyntax)),
                    ("idletimeout", .text(http.limits.idleTimeout.goSyntax)),
                    ("bodytimeout", .text(http.limits.bodyTimeout.goSyntax)),
                    ("minbodyrate", .number(http.limits.minBodyRate)),
                    ("maxheaderbytes", .number(http.limits.maxHeaderBytes)),
                ])
            ))
        if let outbound = outbound.rendered(maskingSecrets: maskingSecrets) { pairs.append(("outbound", outbound)) }
        return .map(pairs)
    }

    private static func rendered(_ tls: TLS, _ maskingSecrets: Bool) -> RenderedValue {
        let identity: [(String, RenderedValue)] =
            switch tls.identity {
            case .files(let certificate, let key): [("certificate", .text(certificate)), ("key", .text(key))]
            case .letsEncrypt(let settings): [("letsencrypt", settings.rendered(maskingSecrets: maskingSecrets))]
            }
        // In the order of preference that was given.
        let suites = tls.cipherSuites.compactMap { number in CipherSuite.numbers.first { $0.value == number }?.key }
        return .map(
            identity + [
                ("clientcas", .texts(tls.clientCAs)), ("clientauth", .text(tls.clientAuth.rawValue)),
                ("minimumtls", .text(tls.minimumTLS.rawValue)),
                ("ciphersuites", .texts(suites)),
            ])
    }
}

/// A value on its way out, as YAML or JSON.
package indirect enum RenderedValue: Sendable {
    case text(String)
    case number(Int)
    case flag(Bool)
    case list([RenderedValue])
    case map([(String, RenderedValue)])

    static func texts(_ texts: [String]) -> RenderedValue { .list(texts.map(RenderedValue.text)) }

    /// Plain values, for `JSONSerialization`.
    package var plain: Any {
        switch self {
        case .text(let text): text
        case .number(let number): number
        case .flag(let flag): flag
        case .list(let items): items.map(\.plain)
        case .map(let pairs): Dictionary(pairs.map { ($0.0, $0.1.plain) }, uniquingKeysWith: { $1 })
        }
    }
}

extension Node {
    fileprivate init(_ value: RenderedValue) {
        switch value {
        case .text(let text):
            let looksLikeAnotherType =
                text.isEmpty || Int(text) != nil || Double(text) != nil || ["true", "false", "~"].contains(text)
                || text.lowercased() == "null"
            self = .scalar(.init(text, Tag(.str), looksLikeAnotherType ? .doubleQuoted : .any))
        case .number(let number): self = .scalar(.init(String(number), Tag(.int)))
        case .flag(let flag): self = .scalar(.init(flag ? "true" : "false", Tag(.bool)))
        case .list(let items): self = .sequence(.init(items.map(Node.init), Tag(.seq), items.isEmpty ? .flow : .block))
        case .map(let pairs):
            self = .mapping(
                .init(pairs.map { (Node.scalar(.init($0.0, Tag(.str))), Node($0.1)) }, Tag(.map), pairs.isEmpty ? .flow : .block))
        }
    }
}

extension Configuration {
    /// Every key with what it takes and whether it acts, as Markdown: the text of `docs/configuration.md`.
    package static func reference() -> String {
        var text = """
            # Configuration

            Cove reads the `config.yml` of registry:2 and registry:3. Each key below acts as described, or is refused at
            start with the sentence shown; an unknown key is refused with the nearest known one. `storage.s3aws` is another name of
            `storage.s3`; `storage: inmemory` and `auth: none` choose a driver that needs no settings. A duration without a unit
            is in nanoseconds, as in registry:2. This page is made by `cove config reference`.

            ## Variables

            `REGISTRY_A_B_C` in the environment sets `a.b.c`, as in registry:2 and registry:3:

            - The value is YAML: `REGISTRY_HTTP_HEADERS_X-Content-Type-Options='[nosniff]'`,
              `REGISTRY_HTTP_TLS='{certificate: /c.pem, key: /k.pem}'`. It takes the place of what the file says there, as a whole.
              An empty value is as if the file had no such key.
            - Variables act in the order of their names, so that `REGISTRY_STORAGE=s3` comes before `REGISTRY_STORAGE_S3_BUCKET=…`.
            - A number is a place in a list, from 0; one more than there are adds one: `REGISTRY_MIDDLEWARE_STORAGE_0_NAME=cloudfront`.
            - A name that is free, such as a header's, may have dashes and underscores. Its letters' case does not matter.
            - A variable that names no key is warned of and ignored. Where registry:2 calls a variable otherwise than the key
              (`REGISTRY_NOTIFICATIONS_EVENTCONFIG_INCLUDEREFERENCES`), both names act.
            - `REGISTRY_CONFIGURATION_PATH` names the file.

            ## Keys that act

            | key | takes | usual | meaning |
            |---|---|---|---|

            """
        for key in ConfigurationKey.table where key.refusal == nil {
            text += "| `\(key.name)` | \(key.kind.name) | \(key.usual.isEmpty ? "" : "`\(key.usual)`") | \(key.meaning) |\n"
        }
        text += "\n## Keys that are refused\n\n| key | why, and what to do |\n|---|---|\n"
        for key in ConfigurationKey.table {
            if let refusal = key.refusal { text += "| `\(key.name)` | \(refusal) |\n" }
        }
        return text
    }
}
