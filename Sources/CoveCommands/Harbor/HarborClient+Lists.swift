/// Which part of a list is wanted, and how.
package struct ListRequest: Sendable {
    /// Harbor's own limit.
    package static let mostPerPage = 100

    package var page = 1
    package var pageSize = mostPerPage
    /// Follows the pages to the end, whatever ``page`` says.
    package var all = false
    /// Harbor's query language: `name=~app,level=project`.
    package var query: String?
    /// Fields, the descending ones with a minus: `name,-creation_time`.
    package var sort: String?

    package init(page: Int = 1, pageSize: Int = mostPerPage, all: Bool = false, query: String? = nil, sort: String? = nil) {
        self.page = page
        self.pageSize = pageSize
        self.all = all
        self.query = query
        self.sort = sort
    }

    /// Everything.
    package static let everything = ListRequest(all: true)

    package static func everything(_ query: String) -> ListRequest { ListRequest(all: true, query: query) }
}

/// A part of a list.
package struct Listing: Sendable {
    package var items: [JSONValue]
    /// Of all parts, where the server says it.
    package var total: Int?

    package init(items: [JSONValue], total: Int?) {
        self.items = items
        self.total = total
    }
}

extension HarborClient {
    package func list(
        _ path: [String], _ request: ListRequest = .everything, _ extra: [(String, String)] = []
    ) async throws(HarborError) -> Listing {
        var listing = Listing(items: [], total: nil)
        var page = request.all ? 1 : request.page
        while true {
            let size = request.all ? ListRequest.mostPerPage : request.pageSize
            var query = [("page", String(page)), ("page_size", String(size))]
            if let text = request.query { query.append(("q", text)) }
            if let text = request.sort { query.append(("sort", text)) }
            let answer = try await get(path, query + extra)
            let items = answer.value.items
            listing.items += items
            listing.total = answer.total ?? listing.total
            // A server that forgets to say how many there are ends with a page that is not full.
            guard request.all, items.count == size, listing.items.count < listing.total ?? .max else { return listing }
            page += 1
        }
    }
}
