/// Flags with a value, as other tools' scripts write them: `--public=false`.
package enum FlagValues {
    /// Flags of Cove's that have an opposite, `--no-public`.
    package static let invertible: Set<String> = ["public", "enabled", "auto-scan", "prevent-vulnerable"]
    /// Those that are off when they are not named.
    package static let plain: Set<String> = [
        "insecure", "all", "quiet", "watch", "password-stdin", "skip-cert-verify", "dry-run", "force", "delete-untagged", "system", "json",
        "revoke", "yes", "no-images",
    ]

    /// `--public=true` is `--public`, `--public=false` is `--no-public`; `--insecure=false` is not there.
    package static func translate(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        return arguments[..<end].compactMap { argument -> String? in
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return argument }
            let name = argument[..<equals].dropFirst(2)
            guard let value = boolean(argument[argument.index(after: equals)...]) else { return argument }
            if invertible.contains(String(name)) { return value ? "--\(name)" : "--no-\(name)" }
            if plain.contains(String(name)) { return value ? "--\(name)" : nil }
            return argument
        } + arguments[end...]
    }

    /// The words that Go's programs take.
    private static func boolean(_ text: Substring) -> Bool? {
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": true
        case "0", "f", "F", "false", "FALSE", "False": false
        default: nil
        }
    }
}
