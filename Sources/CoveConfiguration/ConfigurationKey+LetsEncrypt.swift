extension ConfigurationKey {
    static let letsEncrypt: [ConfigurationKey] = [
        .acts(
            "http.tls.letsencrypt.hosts", .texts, "",
            "DNS names, each of which gets a certificate of Let's Encrypt or another ACME server; instead of certificate and key. With this key the server accepts the authority's terms of service. A client that asks for another name, or for none, gets the first one's."
        ),
        .acts(
            "http.tls.letsencrypt.cachefile", .text, "",
            "Directory, as in registry:2, for certificates and the account's key; registry:2's is read as it is. Without the key: the database where metadata is in PostgreSQL, else letsencrypt beside the metadata. Nodes that share PostgreSQL must share the directory."
        ),
        .acts("http.tls.letsencrypt.email", .text, "", "Address at which the authority reaches you."),
        .acts(
            "http.tls.letsencrypt.directoryurl", .text, "https://acme-v02.api.letsencrypt.org/directory",
            "The ACME server. When it changes, certificates are obtained anew."),
        .acts(
            "http.tls.letsencrypt.directoryca", .text, "",
            "PEM file of authorities that the ACME server's own certificate may be of, beside the system's. (Cove)"),
        .acts(
            "http.tls.letsencrypt.http01addr", .text, "",
            "Address, usually :80, where HTTP-01 challenges are answered. Without the key TLS-ALPN-01 is used, on http.addr, to which port 443 of the hosts must lead then. (Cove)"
        ),
        .acts(
            "http.tls.letsencrypt.externalaccount.keyid", .text, "",
            "Name of the key that an authority binds accounts to customers with. (Cove)"),
        .acts("http.tls.letsencrypt.externalaccount.hmackey", .text, "", "That key, in base64url. (Cove)"),
    ]
}
