//! Which tables a dump has: all but those that follow from others. Tests compare the list with what the databases have.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Shape {
    Number,
    Text,
    Bytes,
    Amount,
}

/// A table in a dump. The names are those of PostgreSQL.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) columns: &'static [(&'static str, Shape)],
    /// How many of the columns, from the first on, are the key by which rows are in order.
    pub(in crate::store) key: usize,
}

use Shape::{Amount, Bytes, Number, Text};

/// In the order in which they are written.
pub(in crate::store) const TABLES: &[Table] = &[
    Table {
        name: "journal",
        columns: &[("first_seq", Number), ("count", Number), ("body", Bytes)],
        key: 1,
    },
    Table {
        name: "snapshots",
        columns: &[
            ("seq", Number),
            ("part", Number),
            ("parts", Number),
            ("body", Bytes),
        ],
        key: 2,
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
    },
    Table {
        name: "generations",
        columns: &[("id", Bytes), ("body", Bytes)],
        key: 1,
    },
    Table {
        name: "generation_index",
        columns: &[("account", Bytes), ("id", Bytes)],
        key: 2,
    },
    Table {
        name: "idempotency",
        columns: &[("key", Bytes), ("expires_ms", Number), ("body", Bytes)],
        key: 1,
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
    },
];
