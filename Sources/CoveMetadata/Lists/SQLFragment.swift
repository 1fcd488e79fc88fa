/// A piece of a statement with its values. Each `?` stands for one; the parameters are numbered when the statement is whole.
package struct SQLFragment: Sendable {
    package var text: String
    package var values: [SQLValue]

    package init(_ text: String, _ values: [SQLValue] = []) {
        self.text = text
        self.values = values
    }

    package static func + (left: SQLFragment, right: SQLFragment) -> SQLFragment {
        SQLFragment(left.text + right.text, left.values + right.values)
    }

    /// `a AND b AND c`; `1 = 1` of none.
    package static func all(_ conditions: [SQLFragment]) -> SQLFragment {
        joined(conditions, by: " AND ", else: "1 = 1")
    }

    /// `(a OR b)`; `1 = 0` of none.
    package static func any(_ conditions: [SQLFragment]) -> SQLFragment {
        let joined = joined(conditions, by: " OR ", else: "1 = 0")
        return SQLFragment("(\(joined.text))", joined.values)
    }

    private static func joined(_ conditions: [SQLFragment], by separator: String, else empty: String) -> SQLFragment {
        guard !conditions.isEmpty else { return SQLFragment(empty) }
        return SQLFragment(conditions.map(\.text).joined(separator: separator), conditions.flatMap(\.values))
    }

    /// With `$1`, `$2`… for its values, in order.
    var numbered: (sql: String, parameters: [SQLValue]) {
        var sql = ""
        var number = 0
        for character in text {
            guard character == "?" else {
                sql.append(character)
                continue
            }
            number += 1
            sql += "$\(number)"
        }
        return (sql, values)
    }
}

extension SQLConnection {
    func rows(_ fragment: SQLFragment) throws -> [SQLRow] {
        let (sql, parameters) = fragment.numbered
        return try rows(sql, parameters)
    }

    func row(_ fragment: SQLFragment) throws -> SQLRow? { try rows(fragment).first }
}
