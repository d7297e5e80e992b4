//! Rebuilds the ledger from the journal and checks every invariant.
