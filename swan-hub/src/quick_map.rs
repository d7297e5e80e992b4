//! The map of the hot path. The standard one withstands keys that somebody chooses to collide, at several times the cost; here
//! keys are made by the hub, hashed before, or few.

use std::collections::HashMap;

/// A map with a fast hash, seeded at random.
pub(crate) type QuickMap<K, V> = HashMap<K, V, foldhash::fast::RandomState>;
