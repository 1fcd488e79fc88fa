extension Configuration {
    /// The `proxy` section: whose content this registry mirrors.
    package struct Proxy: Sendable, Equatable {
        /// `proxy.remoteurl` and what is beside it: everything that is under no prefix of ``upstreams``.
        package var whole: Upstream?
        /// `proxy.upstreams`, each with the names under its prefix.
        package var upstreams: [Upstream] = []

        package var all: [Upstream] { upstreams + [whole].compactMap { $0 } }
    }

    /// A registry whose content is mirrored.
    package struct Upstream: Sendable, Equatable {
        /// A credential helper.
        package struct Exec: Sendable, Equatable {
            package var command: String
            /// How long a login is used again; nil for ever, 0 for once.
            package var lifetime: Duration?
        }

        /// Where it stands in the file, for messages.
        package var key: String
        /// Empty for the whole registry.
        package var prefix = ""
        /// What clients call it in `ns`; nil for the host of ``remoteURL``.
        package var namespace: String?
        package var remoteURL: String
        package var username: String?
        package var password: String?
        package var exec: Exec?
        /// How long content is kept that nobody pulls; nil for ever.
        package var timeToLive: Duration? = .seconds(168 * 3600)
        /// How long fetching and keeping a blob may take; nil for as long as bytes come.
        package var blobTimeout: Duration?
        package var negativeTimeToLive = Duration.seconds(10)
        package var tagTimeToLive = Duration.zero
    }

    /// `http.outbound`: connections that this server opens.
    package struct Outbound: Sendable, Equatable {
        package enum Proxy: Sendable, Equatable {
            /// No proxy, whatever the environment says.
            case none
            /// Password and all.
            case url(String)
        }

        /// Nil for what the environment says.
        package var proxy: Proxy?
        /// Nil for what the environment says.
        package var noProxy: [String]?
    }
}

extension Configuration.Proxy {
    init(_ reader: inout SettingReader) {
        if let url = reader.nonEmptyText("proxy.remoteurl") {
            whole = Configuration.Upstream(&reader, at: "proxy", shown: "proxy", prefix: "", remoteURL: url)
        } else if reader.nonEmptyText("proxy.username") != nil || reader.has("proxy.exec") {
            reader.refuse("'proxy.remoteurl' is missing; name the registry to mirror, as in https://registry-1.docker.io")
        }
        for index in 0..<reader.count("proxy.upstreams") {
            let (path, shown) = ("proxy.upstreams.\(index)", "proxy.upstreams[\(index)]")
            guard let prefix = reader.nonEmptyText("\(path).prefix") else {
                reader.refuse("'\(shown).prefix' is missing; write the first part of the names that are mirrored, such as docker.io")
                continue
            }
            guard Self.isPrefix(prefix) else {
                reader.refuse(
                    "'\(shown).prefix' must be as the beginning of a repository's name, such as docker.io or mirror/hub, not '\(prefix.prefix(120))'"
                )
                continue
            }
            guard !upstreams.contains(where: { $0.prefix == prefix }) else {
                reader.refuse("'\(shown).prefix' is '\(prefix)', as of another upstream; each needs its own")
                continue
            }
            guard let url = reader.nonEmptyText("\(path).remoteurl") ?? Self.usualURL(prefix) else {
                reader.refuse("'\(shown).remoteurl' is missing; name the registry to mirror, as in https://ghcr.io")
                continue
            }
            var upstream = Configuration.Upstream(&reader, at: path, shown: shown, prefix: prefix, remoteURL: url)
            upstream.namespace = reader.nonEmptyText("\(path).namespace") ?? prefix
            if upstreams.contains(where: { $0.namespace == upstream.namespace }) {
                reader.refuse("'\(shown).namespace' is '\(upstream.namespace ?? "")', as of another upstream; each needs its own")
            }
            upstreams.append(upstream)
        }
    }

    /// A prefix that is a host's name is its address as well.
    private static func usualURL(_ prefix: String) -> String? {
        prefix.contains(".") && !prefix.contains("/") ? "https://\(prefix)" : nil
    }

    /// One or more components of a repository's name (distribution-spec, "Pulling manifests").
    private static func isPrefix(_ text: String) -> Bool {
        text.utf8.count <= 128 && text.wholeMatch(of: /[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*/) != nil
    }

    func rendered(maskingSecrets: Bool) -> RenderedValue {
        var pairs = whole?.rendered(maskingSecrets: maskingSecrets) ?? []
        if !upstreams.isEmpty {
            pairs.append(("upstreams", .list(upstreams.map { .map($0.rendered(maskingSecrets: maskingSecrets)) })))
        }
        return .map(pairs)
    }
}

extension Configuration.Upstream {
    fileprivate init(_ reader: inout SettingReader, at path: String, shown: String, prefix: String, remoteURL: String) {
        self.init(key: shown, prefix: prefix, remoteURL: remoteURL)
        if !remoteURL.hasPrefix("https://"), !remoteURL.hasPrefix("http://") {
            reader.refuse(
                "'\(shown).remoteurl' must be a URL such as https://registry-1.docker.io, not '\(Secrets.masked(remoteURL).prefix(120))'")
        }
        username = reader.nonEmptyText("\(path).username")
        password = reader.nonEmptyText("\(path).password")
        if (username == nil) != (password == nil) {
            reader.refuse("'\(shown).\(username == nil ? "username" : "password")' is missing; give both, or neither")
        }
        if reader.has("\(path).exec") {
            if let command = reader.nonEmptyText("\(path).exec.command") {
                exec = Exec(command: command, lifetime: reader.duration("\(path).exec.lifetime", in: Self.times))
            } else {
                reader.refuse("'\(shown).exec.command' is missing; name the credential helper, such as docker-credential-ecr-login")
            }
            if username != nil {
                reader.refuse("'\(shown)' has both username and exec, and each gives a login; choose one")
            }
        }
        if let time = reader.duration("\(path).ttl", in: Self.times) { timeToLive = time == .zero ? nil : time }
        if let time = reader.duration("\(path).cachewritetimeout", in: Self.times) { blobTimeout = time == .zero ? nil : time }
        negativeTimeToLive = reader.duration("\(path).negativettl", in: .zero...(.seconds(3600))) ?? negativeTimeToLive
        tagTimeToLive = reader.duration("\(path).tagttl", in: .zero...(.seconds(86_400))) ?? tagTimeToLive
    }

    private static let times = Duration.zero...Duration.seconds(100 * 365 * 24 * 3600)

    fileprivate func rendered(maskingSecrets: Bool) -> [(String, RenderedValue)] {
        var pairs: [(String, RenderedValue)] = []
        if !prefix.isEmpty { pairs += [("prefix", .text(prefix)), ("namespace", .text(namespace ?? prefix))] }
        pairs.append(("remoteurl", .text(maskingSecrets ? Secrets.masked(remoteURL) : remoteURL)))
        if let username { pairs.append(("username", .text(username))) }
        if let password { pairs.append(("password", .text(maskingSecrets ? Secrets.mask : password))) }
        if let exec {
            var inner: [(String, RenderedValue)] = [("command", .text(exec.command))]
            if let lifetime = exec.lifetime { inner.append(("lifetime", .text(lifetime.goSyntax))) }
            pairs.append(("exec", .map(inner)))
        }
        return pairs + [
            ("ttl", .text((timeToLive ?? .zero).goSyntax)), ("cachewritetimeout", .text((blobTimeout ?? .zero).goSyntax)),
            ("negativettl", .text(negativeTimeToLive.goSyntax)),
            ("tagttl", .text(tagTimeToLive.goSyntax)),
        ]
    }
}

extension Configuration.Outbound {
    init(_ reader: inout SettingReader) {
        if let text = reader.nonEmptyText("http.outbound.proxy") { proxy = text == "none" ? Configuration.Outbound.Proxy.none : .url(text) }
        noProxy = reader.texts("http.outbound.noproxy")
    }

    /// Nil when nothing is set.
    func rendered(maskingSecrets: Bool) -> RenderedValue? {
        var pairs: [(String, RenderedValue)] = []
        switch proxy {
        case nil: break
        case .some(.none): pairs.append(("proxy", .text("none")))
        case .some(.url(let url)): pairs.append(("proxy", .text(maskingSecrets ? Secrets.masked(url) : url)))
        }
        if let noProxy { pairs.append(("noproxy", .texts(noProxy))) }
        return pairs.isEmpty ? nil : .map(pairs)
    }
}
