import Foundation

/// Why no certificate was obtained.
package struct ACMEError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// The authority cannot be reached, or has trouble of its own: it may pass by itself soon.
        case unavailable
        /// The authority refused, or could not prove the host: somebody has to do something first.
        case refused
        /// The authority was asked too often.
        case rateLimited
        /// The answer is not what RFC 8555 says.
        case invalidAnswer
        /// What was obtained, or is needed for it, cannot be kept or read.
        case storage
    }

    package let kind: Kind
    package let description: String
    /// The error's type without its namespace, such as `badNonce` (RFC 8555 section 6.7).
    package var type: String?
    /// How long the authority wants to be left alone.
    package var retryAfter: Duration?

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}

/// A problem document (RFC 9457, RFC 8555 section 6.7).
struct Problem: Decodable, Sendable {
    private struct Part: Decodable {
        let type: String?
        let detail: String?
    }

    static let namespace = "urn:ietf:params:acme:error:"

    let type: String?
    let detail: String?
    /// What is wrong with single names of an order.
    private let subproblems: [Part]?

    /// The type without its namespace.
    var name: String? {
        guard let type else { return nil }
        return type.hasPrefix(Self.namespace) ? String(type.dropFirst(Self.namespace.count)) : type
    }

    /// One line; an authority's text is shown, but neither all of it nor its control characters.
    var text: String {
        let details = [detail].compactMap { $0 } + (subproblems ?? []).compactMap(\.detail)
        let text = details.joined(separator: "; ").prefix(600)
        let line = String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
        return [name.map { String($0.prefix(80)) }, line.isEmpty ? nil : line].compactMap { $0 }.joined(separator: ": ")
    }
}

extension ACMEError {
    /// What an answer that is no success says.
    ///
    /// - Parameter request: what was asked for, as in "the order".
    init(_ answer: ACMEAnswer, to request: String) {
        let problem = try? answer.decoded(Problem.self)
        let kind: Kind =
            switch (answer.status, problem?.name) {
            case (429, _), (_, "rateLimited"): .rateLimited
            case (500..., _), (_, "serverInternal"): .unavailable
            default: .refused
            }
        let text = problem?.text ?? ""
        self.init(kind, "the authority answered \(request) with \(answer.status)\(text.isEmpty ? "" : " (\(text))")")
        type = problem?.name
        retryAfter = answer.retryAfter
    }

    static func invalid(_ what: String) -> ACMEError {
        ACMEError(.invalidAnswer, "\(what), which is not as RFC 8555 has it; check http.tls.letsencrypt.directoryurl")
    }
}
