/// `webhooks`: how projects' webhooks are delivered.
package struct WebhookSettings: Sendable, Equatable {
    /// Receivers that may be reached although they are on this machine or in a private network: addresses, networks, host names.
    package var allowed: [String] = []
    /// How often a delivery that failed is tried again.
    package var maxRetry = 3
    /// Between the first failure and the next try; it doubles with each.
    package var backoff = Duration.seconds(15)
    /// The longest that a try may take.
    package var timeout = Duration.seconds(3)

    package init() {}

    init(_ reader: inout SettingReader) {
        allowed = reader.texts("webhooks.allow") ?? []
        maxRetry = reader.integer("webhooks.maxretry", in: 0...100) ?? maxRetry
        backoff = reader.duration("webhooks.backoff", in: .milliseconds(100)...(.seconds(3600))) ?? backoff
        timeout = reader.duration("webhooks.timeout", in: .milliseconds(100)...(.seconds(300))) ?? timeout
    }

    var rendered: RenderedValue {
        .map([
            ("allow", .texts(allowed)), ("maxretry", .number(maxRetry)), ("backoff", .text(backoff.goSyntax)),
            ("timeout", .text(timeout.goSyntax)),
        ])
    }
}
