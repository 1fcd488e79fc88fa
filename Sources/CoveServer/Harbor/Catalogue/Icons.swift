import CoveOCI
import Foundation

/// Pictures of what artifacts are, drawn as SVG; each is known by the digest of its text.
enum Icons {
    private static let shapes: [(kinds: [String], shape: String)] = [
        // Of any other kind.
        ([], "<path d='M16 8h24l8 8v40H16z'/><path d='M40 8v8h8'/>"),
        (["IMAGE"], "<path d='M8 44h48v10H8zM8 30h48v10H8zM8 16h48v10H8z'/>"),
        (
            ["CHART"],
            "<circle cx='32' cy='32' r='14'/><path d='M32 8v10M32 46v10M8 32h10M46 32h10M15 15l7 7M42 42l7 7M49 15l-7 7M22 42l-7 7'/>"
        ),
        (["CNAB"], "<path d='M12 22l20-10 20 10v22L32 54 12 44zM12 22l20 10 20-10M32 32v22'/>"),
        (["WASM"], "<path d='M12 12h14a6 6 0 0 0 12 0h14v40H12zM20 30l4 14 4-14 4 14 4-14'/>"),
        (
            ["CNAI"],
            "<circle cx='32' cy='16' r='6'/><circle cx='16' cy='46' r='6'/><circle cx='48' cy='46' r='6'/><path d='M29 21L19 41M35 21l10 20M22 46h20'/>"
        ),
        (["SBOM", "sbom.harbor"], "<path d='M14 8h36v48H14zM22 20h20M22 30h20M22 40h12'/>"),
        (["signature.cosign", "signature.notation"], "<path d='M32 8l20 8v14c0 13-9 22-20 26-11-4-20-13-20-26V16zM23 32l7 7 12-14'/>"),
        (["accelerator.nydus"], "<path d='M36 8L16 36h14l-4 20 22-30H33z'/>"),
    ]

    private static let drawn: [(kinds: [String], digest: String, content: String)] = shapes.map { kinds, shape in
        let content =
            "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 64 64' fill='none' stroke='#4a5a6a' stroke-width='3' stroke-linejoin='round'>\(shape)</svg>"
        return (kinds, Digest.of(content.utf8).description, content)
    }
    private static let byKind: [String: String] = Dictionary(
        drawn.flatMap { icon in icon.kinds.map { ($0, icon.digest) } }, uniquingKeysWith: { first, _ in first })

    /// The digest of the picture of an artifact's kind or an accessory's type.
    static func digest(ofKind kind: String) -> String { byKind[kind] ?? drawn[0].digest }

    /// - Returns: nil for what is no picture of these.
    static func icon(_ digest: Digest) -> Harbor.Icon? {
        guard let found = drawn.first(where: { $0.digest == digest.description }) else { return nil }
        var icon = Harbor.Icon()
        icon.contentType = "image/svg+xml"
        icon.content = Data(found.content.utf8).base64EncodedString()
        return icon
    }
}
