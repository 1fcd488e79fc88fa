import HummingbirdCore

typealias HarborHandler = @Sendable (HarborCall) async throws -> Response

/// Operations of Harbor's API that are about one noun, a file in `Groups/`. What no group handles is answered with 501.
protocol HarborGroup: Sendable {
    var handlers: [HarborOperation: HarborHandler] { get }
}
