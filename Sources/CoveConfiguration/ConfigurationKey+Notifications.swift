/// The keys of webhooks.
extension ConfigurationKey {
    static let notifications: [ConfigurationKey] = [
        .acts(
            "notifications.events.includereferences", .boolean, "false",
            "Whether events of pushed and pulled manifests list the descriptors they refer to."),
        .acts(
            "notifications.endpoints.[].name", .text, "",
            "Name of a receiver, which remembers what was delivered; two must not share one. Usually host and port of the URL."),
        .acts("notifications.endpoints.[].disabled", .boolean, "false", "Whether nothing is sent to it."),
        .acts("notifications.endpoints.[].url", .text, "", "http:// or https:// URL that events are posted to. Needed."),
        .acts(
            "notifications.endpoints.[].headers.*", .texts, "",
            "Header fields added to each request, such as Authorization. A Content-Type replaces the usual one."),
        .acts("notifications.endpoints.[].timeout", .duration, "1s", "Longest that a request may take, its answer included."),
        .acts("notifications.endpoints.[].threshold", .integer, "10", "Failures in a row before there is a pause between tries."),
        .acts("notifications.endpoints.[].backoff", .duration, "1s", "That pause."),
        .acts("notifications.endpoints.[].ignoredmediatypes", .texts, "", "Events of these media types are not sent."),
        .acts("notifications.endpoints.[].ignore.mediatypes", .texts, "", "The same; both lists hold."),
        .acts("notifications.endpoints.[].ignore.actions", .texts, "", "Events of these actions are not sent: push, pull, mount, delete."),
        .acts(
            "notifications.endpoints.[].events", .texts, "",
            "Only events of these actions are sent. registry:2 has no such key and sends all; who writes it means this. (Cove)"),
    ]
}
