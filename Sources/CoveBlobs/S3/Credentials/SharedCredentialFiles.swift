import Foundation
import NIOPosix

/// `~/.aws/credentials` and `~/.aws/config`, or the files that the environment names: the profile of `AWS_PROFILE`.
struct SharedCredentialFiles: CredentialSource {
    let environment: [String: String]
    let region: String
    let transport: HTTPTransport

    func load() async throws(S3Error) -> S3Credentials? {
        let profile = environment.value("AWS_PROFILE") ?? "default"
        let keys = try await section(profile, of: path("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
        let settings = try await section(
            profile == "default" ? profile : "profile \(profile)", of: path("AWS_CONFIG_FILE", "config"))
        for found in [keys, settings].compactMap(\.self) {
            if let key = found.value("aws_access_key_id"), let secret = found.value("aws_secret_access_key") {
                return S3Credentials(accessKey: key, secretKey: secret, sessionToken: found.value("aws_session_token"))
            }
        }
        let all = (settings ?? [:]).merging(keys ?? [:]) { $1 }
        if let role = all.value("role_arn"), let file = all.value("web_identity_token_file") {
            let identity = ["AWS_ROLE_ARN": role, "AWS_WEB_IDENTITY_TOKEN_FILE": file]
                .merging(["AWS_ROLE_SESSION_NAME": all.value("role_session_name") ?? ""]) { $1 }
                .merging(environment.filter { $0.key == "AWS_ENDPOINT_URL_STS" }) { $1 }
            return try await WebIdentityCredentials(environment: identity, region: region, transport: transport).load()
        }
        if let unknown = ["credential_process", "source_profile", "credential_source", "sso_session", "sso_start_url"]
            .first(where: { all[$0] != nil })
        {
            throw .noCredentials("the profile '\(profile)' of the AWS files uses \(unknown), which is not supported; give it keys")
        }
        guard environment.value("AWS_PROFILE") == nil else {
            throw .noCredentials("AWS_PROFILE is '\(profile)', but the AWS files have no keys for it")
        }
        return nil
    }

    private func path(_ variable: String, _ name: String) -> String? {
        environment.value(variable) ?? environment.value("HOME").map { "\($0)/.aws/\(name)" }
    }

    private func section(_ name: String, of path: String?) async throws(S3Error) -> [String: String]? {
        guard let path, let text = try await CredentialFile.read(path) else { return nil }
        return INIFile(text).sections[name]
    }
}

/// A file of `[section]` and `name = value` lines. Indented lines belong to a setting of several lines, which none is
/// that matters here.
struct INIFile {
    private(set) var sections: [String: [String: String]] = [:]

    init(_ text: String) {
        var section: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, !"#; \t".contains(first) else { continue }
            if first == "[", let end = line.firstIndex(of: "]") {
                let words = line[line.index(after: line.startIndex)..<end].split(separator: " ", omittingEmptySubsequences: true)
                section = words.joined(separator: " ")
                sections[section ?? "", default: [:]].merge([:]) { $1 }
            } else if let section, let equals = line.firstIndex(of: "=") {
                let name = line[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
                sections[section]?[name] = line[line.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            }
        }
    }
}

/// Small files that hold credentials, read on a thread that may wait for a disk.
enum CredentialFile {
    /// - Returns: nil when there is no such file.
    static func read(_ path: String) async throws(S3Error) -> String? {
        do {
            return try await NIOThreadPool.singleton.runIfActive {
                guard FileManager.default.fileExists(atPath: path) else { return nil }
                return try String(contentsOfFile: path, encoding: .utf8)
            }
        } catch {
            throw .noCredentials("the file \(path) cannot be read")
        }
    }

    /// As ``read(_:)`` for a file that must be there and holds a single token.
    static func token(_ path: String, named variable: String) async throws(S3Error) -> String {
        guard let text = try await read(path)?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else {
            throw .noCredentials("the file \(path) of \(variable) is not there, or empty")
        }
        return text
    }
}
