/// Keys of registry:2 that were old already there, and what is read only to find that it is switched off.
extension ConfigurationKey {
    static let old: [ConfigurationKey] =
        [
            .acts("loglevel", .choice(["error", "warn", "info", "debug"]), "info", "Old name of log.level, which goes before it."),
            .acts(
                "storage.cache.layerinfo", .choice(["none", "inmemory", "redis"]), "inmemory",
                "Old name of storage.cache.blobdescriptor, which goes before it."),
            .acts(
                "validation.enabled", .boolean, "",
                "Old opposite of validation.disabled: true goes before it, false says nothing."),
            .acts(
                "log.reportcaller", .boolean, "false", "Accepted as false: log lines do not name their place in the code. True is refused."),
            .acts(
                "compatibility.schema1.enabled", .boolean, "false",
                "Accepted as false: manifests of schema version 1 are refused, as by registry:3. True is refused; push such images anew with a current client."
            ),
            .acts("compatibility.schema1.signingkeyfile", .text, "", "Accepted: only manifests of schema version 1 were signed with it."),
        ] + hooks

    private static let hooks: [ConfigurationKey] =
        [
            .acts(
                "log.hooks.[].disabled", .boolean, "false",
                "Accepted as true. A hook that is on is refused: have your log collector send the mail."),
            .acts("log.hooks.[].type", .text, "", "Accepted, as disabled."),
            .acts("log.hooks.[].levels", .texts, "", "Accepted, as disabled."),
        ]
        + ["smtp.addr", "smtp.username", "smtp.password"].map {
            ConfigurationKey.acts("log.hooks.[].options.\($0)", .text, "", "Accepted, as disabled.")
        }
        + [
            .acts("log.hooks.[].options.smtp.insecure", .boolean, "false", "Accepted, as disabled."),
            .acts("log.hooks.[].options.from", .text, "", "Accepted, as disabled."),
            .acts("log.hooks.[].options.to", .texts, "", "Accepted, as disabled."),
        ]
}

extension Configuration {
    /// Refuses what the old keys switch on and Cove does not have.
    static func checkOldKeys(_ reader: inout SettingReader) {
        for index in 0..<reader.count("log.hooks") where reader.boolean("log.hooks.\(index).disabled") != true {
            reader.refuse(
                "'log.hooks[\(index)]' is on, and Cove sends no mail; have your log collector send it, and remove the hook or write disabled: true"
            )
        }
        if reader.boolean("log.reportcaller") == true {
            reader.refuse("'log.reportcaller' is true, and log lines do not name their place in the code; remove the key")
        }
        if reader.boolean("compatibility.schema1.enabled") == true {
            reader.refuse(
                "'compatibility.schema1.enabled' is true, and manifests of schema version 1 are not supported; push such images anew with a current client, and remove the key"
            )
        }
    }
}
