/// The keys of `auth.accounts`. All of them have a usual value, so the section may be empty.
extension ConfigurationKey {
    static let accounts: [ConfigurationKey] = [
        .acts(
            "auth.accounts.realm", .text, "",
            "URL where clients get tokens. Otherwise /service/token on the host that they ask. `auth: {accounts: {}}` is enough to have accounts, projects and Harbor's API. (Cove)"
        ),
        .acts(
            "auth.accounts.service", .text, AccountSettings.usualService, "What this registry is called in its own tokens. (Cove)"),
        .acts("auth.accounts.issuer", .text, AccountSettings.usualIssuer, "Who its own tokens say that they are from. (Cove)"),
        .acts("auth.accounts.tokenexpiration", .duration, "30m", "How long its own tokens are valid, at most 24h. (Cove)"),
        .acts(
            "auth.accounts.refreshtokenexpiration", .duration, "720h",
            "How long a refresh token is valid, at most 8760h. (Cove)"),
        .acts(
            "auth.accounts.selfregistration", .boolean, "false",
            "Whether anybody may make an account, as long as nothing else was set through Harbor's API. (Cove)"),
        .acts(
            "auth.accounts.robotprefix", .text, AccountSettings.usualRobotPrefix,
            "What names of robots begin with, and no name of a user does. (Cove)"),
        .acts(
            "auth.accounts.lockout.failures", .integer, "5",
            "After how many wrong passwords on end an account is locked; 0 for never. (Cove)"),
        .acts(
            "auth.accounts.lockout.delay", .duration, "5s",
            "For how long it is locked then; each further failure doubles it. (Cove)"),
        .acts(
            "auth.accounts.secretkey", .text, "",
            "What secrets among the settings (of LDAP, of OpenID Connect) are sealed with in the metadata store: 16 to 1024 bytes, the same on all nodes. Otherwise a key in a file beside that of SQLite; with PostgreSQL one in the store itself. (Cove)"
        ),
        .acts("auth.accounts.lockout.maxdelay", .duration, "15m", "The longest that an account is locked. (Cove)"),
    ]
}
