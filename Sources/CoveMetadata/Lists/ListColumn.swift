import Foundation

/// What a list can be filtered and sorted by: a key of `q` and `sort`, and the expression that it stands for.
package struct ListColumn: Sendable {
    package enum Kind: Sendable {
        case text
        case integer
        /// `true`, `false`, `1`, `0`, kept as 1 or 0.
        case boolean
        /// Kept as microseconds; written as RFC 3339, `2024-05-01 10:00:00`, a date, or seconds since 1970.
        case time
        /// An expression of its own for each match: for what is in other tables (a tag, a label).
        case condition(@Sendable (ListQuery.Match) throws(ListQueryError) -> SQLFragment)
    }

    package let key: String
    package let sql: String
    package let kind: Kind

    package init(_ key: String, _ sql: String, _ kind: Kind = .text) {
        self.key = key
        self.sql = sql
        self.kind = kind
    }

    /// The condition that a term stands for.
    ///
    /// - Throws: ``ListQueryError`` for a value that this column cannot have.
    func condition(_ match: ListQuery.Match) throws(ListQueryError) -> SQLFragment {
        if case .condition(let make) = kind { return try make(match) }
        switch match {
        case .equal(let text):
            let (first, last) = (try value(text), try last(text))
            return first == last ? SQLFragment("\(sql) = ?", [first]) : SQLFragment("(\(sql) >= ? AND \(sql) <= ?)", [first, last])
        case .contains(let text):
            let pattern = text.lowercased().replacing("!", with: "!!").replacing("%", with: "!%").replacing("_", with: "!_")
            return SQLFragment("LOWER(CAST(\(sql) AS TEXT)) LIKE ? ESCAPE '!'", [.text("%\(pattern)%")])
        case .range(let from, let to):
            var ends: [SQLFragment] = []
            if let from { ends.append(SQLFragment("\(sql) >= ?", [try value(from)])) }
            if let to { ends.append(SQLFragment("\(sql) <= ?", [try last(to)])) }
            return .all(ends)
        case .any(let texts):
            var values: [SQLValue] = []
            for text in texts { values.append(try value(text)) }
            return SQLFragment("\(sql) IN (\(texts.map { _ in "?" }.joined(separator: ", ")))", values)
        case .all(let texts):
            // One value is all of several only when they are the same.
            var conditions: [SQLFragment] = []
            for text in texts { conditions.append(SQLFragment("\(sql) = ?", [try value(text)])) }
            return .all(conditions)
        }
    }

    /// The highest value that is written so: answers have milliseconds, and who asks with a time from one means that row.
    private func last(_ text: String) throws(ListQueryError) -> SQLValue {
        let value = try value(text)
        guard case .time = kind, case .integer(let time) = value, time % 1000 == 0 else { return value }
        return .integer(time + 999)
    }

    private func value(_ text: String) throws(ListQueryError) -> SQLValue {
        func refuse(_ expected: String) -> ListQueryError {
            ListQueryError("q: '\(text.prefix(60))' is not \(expected), which \(key) is")
        }
        switch kind {
        case .text, .condition: return .text(text)
        case .integer:
            guard let number = Int64(text) else { throw refuse("a whole number") }
            return .integer(number)
        case .boolean:
            switch text.lowercased() {
            case "true", "1": return .integer(1)
            case "false", "0": return .integer(0)
            default: throw refuse("true or false")
            }
        case .time:
            guard let time = Self.time(text) else { throw refuse("a time such as 2024-05-01 10:00:00") }
            return .integer(time)
        }
    }

    /// Microseconds since 1970; a time without a zone is UTC.
    package static func time(_ text: String) -> Int64? {
        if let seconds = Int64(text) { return abs(seconds) < 100_000_000_000 ? seconds * 1_000_000 : nil }
        var spelled = text.replacing(" ", with: "T")
        if spelled.utf8.count == 10 { spelled += "T00:00:00" }
        if !spelled.hasSuffix("Z"), !spelled.dropFirst(10).contains(where: { $0 == "+" || $0 == "-" }) { spelled += "Z" }
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: spelled.contains("."))
        guard let date = try? style.parse(spelled) else { return nil }
        return Int64((date.timeIntervalSince1970 * 1_000_000).rounded())
    }
}

extension MetadataTransaction {
    /// A page of a list, and how many rows there are on all pages.
    ///
    /// - Parameters:
    ///   - select: the columns, with `?` for values.
    ///   - from: the tables and joins, with `?` for values.
    ///   - which: what holds for all of the list, whatever is asked for.
    ///   - columns: what it can be filtered and sorted by.
    ///   - order: as long as nothing else is asked for, and after what is: must make the order total.
    /// - Throws: ``ListQueryError`` for a key that is not among `columns` or a value that makes no sense.
    package func list(
        _ select: SQLFragment, from: SQLFragment, which: [SQLFragment] = [], columns: [ListColumn], order: String, _ query: ListQuery
    ) throws -> (rows: [SQLRow], total: Int64) {
        let condition = SQLFragment.all(try which + query.conditions(columns))
        // Before anything is read: a key that there is not is refused also for a list with nothing in it.
        let sorting = (try query.sorting(columns) + [order]).joined(separator: ", ")
        let tail = SQLFragment(" FROM \(from.text) WHERE \(condition.text)", from.values + condition.values)
        let total = try connection.row(SQLFragment("SELECT COUNT(*)") + tail)?.integer(0) ?? 0
        guard total > Int64(query.offset) else { return ([], total) }
        let rows = try connection.rows(
            SQLFragment("SELECT ") + select + tail
                + SQLFragment(
                    " ORDER BY \(sorting) LIMIT ? OFFSET ?", [.integer(Int64(query.pageSize)), .integer(Int64(query.offset))]))
        return (rows, total)
    }
}

extension ListQuery {
    /// - Throws: ``ListQueryError`` for a key that is not among `columns`.
    package func conditions(_ columns: [ListColumn]) throws(ListQueryError) -> [SQLFragment] {
        var conditions: [SQLFragment] = []
        for term in terms { conditions.append(try Self.column(term.key, columns, "q").condition(term.match)) }
        return conditions
    }

    /// - Throws: as ``conditions(_:)``.
    package func sorting(_ columns: [ListColumn]) throws(ListQueryError) -> [String] {
        var sorting: [String] = []
        for one in order {
            let column = try Self.column(one.key, columns, "sort")
            if case .condition = column.kind { throw ListQueryError("sort: the list cannot be sorted by '\(one.key)'") }
            sorting.append(one.isDescending ? "\(column.sql) DESC" : column.sql)
        }
        return sorting
    }

    private static func column(_ key: String, _ columns: [ListColumn], _ parameter: String) throws(ListQueryError) -> ListColumn {
        guard let column = columns.first(where: { $0.key == key }) else {
            let known = columns.map(\.key).joined(separator: ", ")
            throw ListQueryError("\(parameter): '\(key.prefix(60))' is not a key of this list; it has \(known)")
        }
        return column
    }
}
