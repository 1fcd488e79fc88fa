/// The keys of the pull-through cache, and of connections that this server opens.
extension ConfigurationKey {
    static let proxy: [ConfigurationKey] =
        [
            .acts(
                "proxy.remoteurl", .text, "",
                "Registry that this one mirrors: every repository that is under no prefix of upstreams is its, and nothing can be pushed to it here."
            )
        ] + upstream("proxy")
        + [
            .acts(
                "proxy.upstreams.[].prefix", .text, "",
                "First part of the names that are mirrored: with docker.io, `docker.io/library/alpine` here is `library/alpine` there. Other names are this registry's own. Needed. (Cove)"
            ),
            .acts(
                "proxy.upstreams.[].namespace", .text, "",
                "What containerd calls the upstream in `ns`, usually the prefix: `/v2/library/alpine/…?ns=docker.io` is docker.io's. (Cove)"
            ),
            .acts(
                "proxy.upstreams.[].remoteurl", .text, "",
                "Its URL. Usually https:// and the prefix, where that is a host's name. (Cove)"),
        ] + upstream("proxy.upstreams.[]", " (Cove)")
        + [
            .acts(
                "http.outbound.proxy", .text, "",
                "Proxy for connections to upstreams, S3 and whatever else is reached by HTTP: http://user:password@host:port, which must allow CONNECT, or socks5://host:port; none to use none. Without the key: HTTP_PROXY and HTTPS_PROXY of the environment. (Cove)"
            ),
            .acts(
                "http.outbound.noproxy", .texts, "",
                "Hosts that are reached without it: example.org with all below it, .example.org for what is below, 10.0.0.0/8, host:port, or *. This machine always is. Without the key: NO_PROXY of the environment. (Cove)"
            ),
        ]

    private static func upstream(_ path: String, _ mark: String = "") -> [ConfigurationKey] {
        let own = mark.isEmpty ? " (Cove)" : mark
        return [
            .acts("\(path).username", .text, "", "User there, with password. Who may pull here can pull all that this user may.\(mark)"),
            .acts("\(path).password", .text, "", "Password there.\(mark)"),
            .acts(
                "\(path).exec.command", .text, "",
                "Credential helper that gives the login, by the protocol of Docker's: run as `command get`, without a shell.\(mark)"),
            .acts(
                "\(path).exec.lifetime", .duration, "",
                "How long its login is used again; 0 runs it for each. Without the key: for ever.\(mark)"),
            .acts("\(path).ttl", .duration, "168h", "How long content is kept that nobody pulls; 0 for ever.\(mark)"),
            .acts(
                "\(path).cachewritetimeout", .duration, "0s",
                "How long fetching and keeping a blob may take; 0s: as long as bytes come.\(mark)"),
            .acts(
                "\(path).negativettl", .duration, "10s", "How long what the upstream does not have is not asked for again.\(own)"),
            .acts(
                "\(path).tagttl", .duration, "0s",
                "How long a tag is answered without asking the upstream whether it has moved. With 0s it is asked each time, with HEAD.\(own)"
            ),
        ]
    }
}
