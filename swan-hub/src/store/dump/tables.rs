//! Which tables a dump has: all but those that follow from others. Tests compare the list with what the databases have.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Shape {
    Number,
    Text,
    Bytes,
    Amount,
    /// A moment, as a number of microseconds since 1970.
    Moment,
    /// As 0 or 1.
    Flag,
}

/// A table in a dump. The names are those of PostgreSQL.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) columns: &'static [(&'static str, Shape)],
    /// How many of the columns, from the first on, are the key by which rows are in order.
    pub(in crate::store) key: usize,
    /// Whether it is only of several hubs that share a database.
    pub(in crate::store) is_shared: bool,
}

use Shape::{Amount, Bytes, Flag, Moment, Number, Text};

/// Which hub a row is of, where several share a database; of one that is alone an empty text.
pub(in crate::store) const NODE: (&str, Shape) = ("node", Text);

/// In the order in which they are written.
pub(in crate::store) const TABLES: &[Table] = &[
    Table {
        name: "journal",
        columns: &[
            NODE,
            ("first_seq", Number),
            ("count", Number),
            ("body", Bytes),
        ],
        key: 2,
        is_shared: false,
    },
    Table {
        name: "snapshots",
        columns: &[
            NODE,
            ("seq", Number),
            ("part", Number),
            ("parts", Number),
            ("body", Bytes),
        ],
        key: 3,
        is_shared: false,
    },
    Table {
        name: "keys",
        columns: &[
            ("id", Bytes),
            ("hash", Bytes),
            ("kind", Text),
            ("owner", Bytes),
            ("name", Text),
            ("created_ms", Number),
            ("revoked_ms", Number),
            ("limits", Text),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "accounts",
        columns: &[
            ("id", Bytes),
            ("name", Text),
            ("created_ms", Number),
            ("limits", Text),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "providers",
        columns: &[
            ("id", Bytes),
            ("name", Text),
            ("created_ms", Number),
            ("last_seen_ms", Number),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "inbox",
        columns: &[
            ("number", Number),
            ("id", Bytes),
            ("sent_ms", Number),
            ("kind", Text),
            ("account", Bytes),
            ("currency", Text),
            ("amount", Amount),
            ("note", Text),
            ("answer", Text),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "users",
        columns: &[
            ("id", Bytes),
            ("email", Text),
            ("display_name", Text),
            ("password", Text),
            ("account", Bytes),
            ("provider", Bytes),
            ("created_ms", Number),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "sessions",
        columns: &[
            ("token", Bytes),
            ("user_id", Bytes),
            ("created_ms", Number),
            ("expires_ms", Number),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "profiles",
        columns: &[
            ("provider", Bytes),
            ("owner", Text),
            ("worker", Text),
            ("beneficiary", Text),
            ("description", Text),
            ("contact", Text),
            ("hardware", Text),
            ("review_requested_ms", Number),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "generations",
        columns: &[("id", Bytes), ("body", Bytes)],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "generation_index",
        columns: &[("account", Bytes), ("id", Bytes)],
        key: 2,
        is_shared: false,
    },
    Table {
        name: "idempotency",
        columns: &[
            ("key", Bytes),
            ("expires_ms", Number),
            ("body", Bytes),
            NODE,
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "documents",
        columns: &[
            ("kind", Text),
            ("number", Number),
            ("owner", Bytes),
            ("name", Text),
            ("body", Text),
        ],
        key: 2,
        is_shared: false,
    },
    Table {
        name: "topups",
        columns: &[
            ("id", Bytes),
            ("revision", Number),
            ("account", Bytes),
            ("created_ms", Number),
            ("due_ms", Number),
            ("body", Text),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "deposits",
        columns: &[
            ("id", Bytes),
            ("revision", Number),
            ("chain", Number),
            ("block", Number),
            ("account", Bytes),
            ("created_ms", Number),
            ("phase", Text),
            ("body", Text),
        ],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "chains",
        columns: &[("chain", Number), ("revision", Number), ("body", Text)],
        key: 1,
        is_shared: false,
    },
    Table {
        name: "nodes",
        columns: &[
            ("id", Text),
            ("epoch", Number),
            ("until", Moment),
            ("cleared", Flag),
        ],
        key: 1,
        is_shared: true,
    },
    Table {
        name: "grants",
        columns: &[
            ("id", Bytes),
            ("account", Bytes),
            ("currency", Text),
            ("amount", Amount),
            ("note", Text),
            ("given", Moment),
        ],
        key: 1,
        is_shared: true,
    },
    Table {
        name: "funds",
        columns: &[("account", Bytes), ("currency", Text), ("free", Amount)],
        key: 2,
        is_shared: true,
    },
    Table {
        name: "earned",
        columns: &[
            ("node", Text),
            ("provider", Bytes),
            ("currency", Text),
            ("amount", Amount),
        ],
        key: 3,
        is_shared: true,
    },
    Table {
        name: "slices",
        columns: &[
            ("node", Text),
            ("account", Bytes),
            ("currency", Text),
            ("amount", Amount),
            ("spent", Amount),
            ("question", Number),
        ],
        key: 3,
        is_shared: true,
    },
];
