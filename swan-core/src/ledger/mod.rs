//! Double-entry rules: accounts, transfers, groups and the state machine that applies them.
