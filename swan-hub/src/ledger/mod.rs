//! The books: balances and holds in memory, journalled through the store by group commit.
