import Foundation
import NIOCore

/// The answer of a token service.
enum TokenAnswer {
    private struct Body: Decodable {
        let token: String?
        let access_token: String?
        let expires_in: Double?
    }

    /// A token is used for nine tenths of the time it holds for, 60 seconds where the service does not say.
    static func read(_ body: ByteBuffer, asked: ContinuousClock.Instant) throws(ClientError) -> TokenStore.Token {
        let answer = try? JSONDecoder().decode(Body.self, from: Data(body.readableBytesView))
        guard let answer, let text = [answer.token, answer.access_token].compactMap({ $0 }).first(where: { !$0.isEmpty }),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .invalidAnswer("its token service did not give a token") }
        let seconds = min(max(answer.expires_in ?? 60, 0), 86_400)
        return TokenStore.Token(text: text, until: asked + .milliseconds(Int64(seconds * 900)))
    }
}
