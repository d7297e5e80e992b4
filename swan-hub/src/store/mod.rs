//! Where keys, accounts, providers and the journal are kept: the `Store` seam and its implementations.
