import ArgumentParser
import CoveCommands

/// Which part of a list, and in which order.
struct ListOptions: ParsableArguments {
    @Option(help: "Which page.")
    var page = 1

    @Option(help: "Items on a page, 1 to 100.")
    var pageSize = ListRequest.mostPerPage

    @Flag(help: "All pages.")
    var all = false

    @Option(help: "What to look for, as Harbor has it: name=~app, creation_time=[2026-01-01~2026-02-01], role={1 2}.")
    var query: String?

    @Option(help: "Fields to sort by, those that descend with a minus: name,-creation_time.")
    var sort: String?

    func validate() throws {
        guard page >= 1 else { throw ValidationError("--page is \(page); the first page is 1") }
        guard (1...ListRequest.mostPerPage).contains(pageSize) else {
            throw ValidationError("--page-size is \(pageSize); it can be 1 to \(ListRequest.mostPerPage)")
        }
    }

    /// - Parameter conditions: what the command itself looks for.
    func request(_ conditions: [String] = []) -> ListRequest {
        let query = (conditions + [self.query].compactMap { $0 }).joined(separator: ",")
        return ListRequest(page: page, pageSize: pageSize, all: all, query: query.isEmpty ? nil : query, sort: sort)
    }
}
