//! What the benches share: a mock model server, a load generator and a baseline proxy.
