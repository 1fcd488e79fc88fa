import ArgumentParser
import Foundation

/// What a command says. Results go to standard output, everything else to standard error.
enum Console {
    static func warn(_ text: String) {
        FileHandle.standardError.write(Data("cove: warning: \(text)\n".utf8))
    }

    /// What helps to understand the result, beside it.
    static func note(_ text: String) {
        FileHandle.standardError.write(Data("\(text)\n".utf8))
    }

    /// Says what went wrong; the result is thrown to end the command with exit code 1.
    static func failure(_ problems: [String]) -> ExitCode {
        for problem in problems { FileHandle.standardError.write(Data("cove: \(problem)\n".utf8)) }
        return .failure
    }

    static func failure(_ problem: String) -> ExitCode { failure([problem]) }

    static func printJSON(_ value: Any) {
        let options: JSONSerialization.WritingOptions = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: value, options: options) else { return }
        print(String(decoding: data, as: UTF8.self))
    }
}
