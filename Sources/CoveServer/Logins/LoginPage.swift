import HTTPTypes
import HummingbirdCore
import NIOCore

/// The two pages that a login at a provider may need. They load nothing.
enum LoginPage {
    static func onboarding(suggestion: String, action: String) -> Response {
        page(
            "Choose a name",
            """
            <p>The identity provider knows you, and you are new here. What do you want to be called?</p>
            <form method="post" action="\(escape(action))">
            <label>User name <input name="username" maxlength="255" required autofocus value="\(escape(suggestion))"></label>
            <button>Go on</button>
            </form>
            """)
    }

    static func welcome(_ name: String, cliSecret: String, target: String, _ headers: HTTPFields) -> Response {
        page(
            "Welcome, \(name)",
            """
            <p>Programs such as docker log in as <code id="name">\(escape(name))</code> with this secret. It is shown this once;
            another can be set at any time.</p>
            <p><code id="secret">\(escape(cliSecret))</code></p>
            <p><a href="\(escape(target))">Go on</a></p>
            """, headers)
    }

    private static func page(_ title: String, _ body: String, _ fields: HTTPFields = HTTPFields()) -> Response {
        let text = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(escape(title))</title>
            <meta name="viewport" content="width=device-width"><style>body { font: 1rem sans-serif; max-width: 36rem; margin: 4rem auto }</style>
            </head><body><h1>\(escape(title))</h1>
            \(body)
            </body></html>
            """
        var headers = fields
        headers[.contentType] = "text/html; charset=utf-8"
        headers[.contentLength] = String(text.utf8.count)
        headers[.contentSecurityPolicy] =
            "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        headers[.referrerPolicy] = "no-referrer"
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }

    private static func escape(_ text: String) -> String {
        text.reduce(into: "") { escaped, character in
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.append(character)
            }
        }
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = HTTPField.Name("Referrer-Policy") ?? .server
}
