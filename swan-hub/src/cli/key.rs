//! Creates, lists and revokes keys.
