import Foundation

/// Robots' names: what they were called when they were made is only the end of what they are called.
package enum RobotName {
    /// Whether `name` may stand for the robot that is called `full`.
    static func matches(_ full: String, _ name: String, of project: String?) -> Bool {
        if full == name { return true }
        // The prefix is the server's choice; what comes after the project is not.
        guard let project else { return full.hasSuffix("$\(name)") && !full.contains("+") }
        return full.hasSuffix("\(project)+\(name)")
    }

    /// What a robot of another server has to be called when it is made here: without the prefix, and without the project.
    package static func short(_ full: String, of project: String?, prefix: String) -> String {
        let name = full.hasPrefix(prefix) ? String(full.dropFirst(prefix.count)) : full
        guard let project, name.hasPrefix("\(project)+") else { return name }
        return String(name.dropFirst(project.count + 1))
    }
}

/// What a robot may do, as people write it.
package enum RobotAccess {
    /// Words for what docker does.
    private static let words: [String: [(resource: String, action: String)]] = [
        "pull": [("repository", "pull")], "push": [("repository", "push")], "delete": [("artifact", "delete")],
        "read": [("repository", "read"), ("repository", "list"), ("artifact", "read"), ("artifact", "list"), ("tag", "list")],
        "scan": [("scan", "create")],
    ]

    package static let known = "pull, push, delete, read, scan, or RESOURCE:ACTION such as tag:create"

    /// `pull,push`, `artifact:delete`; nil for a word that is none.
    package static func parse(_ texts: [String]) throws(HarborError) -> [JSONValue] {
        var found: [JSONValue] = []
        for text in texts.flatMap({ $0.split(separator: ",") }).map({ $0.trimmingCharacters(in: .whitespaces) }) {
            let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            let pairs: [(resource: String, action: String)]
            if parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty {
                pairs = [(parts[0], parts[1])]
            } else if let known = words[text] {
                pairs = known
            } else {
                throw .unusable("'\(text)' is no permission; say \(known)")
            }
            for pair in pairs {
                let access: JSONValue = ["resource": .string(pair.resource), "action": .string(pair.action)]
                if !found.contains(access) { found.append(access) }
            }
        }
        guard !found.isEmpty else { throw .unusable("a robot needs a permission; say \(known)") }
        return found
    }
}

/// How long a robot may work: days, `30d`, or -1 and `never`.
package enum RobotDuration {
    package static func parse(_ text: String) -> Int64? {
        if text == "never" { return -1 }
        guard let days = Int64(text.hasSuffix("d") ? String(text.dropLast()) : text), days == -1 || (1...36_500).contains(days) else {
            return nil
        }
        return days
    }
}
