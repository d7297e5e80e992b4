/// What a provider of Swan 1.0 works as (Seed 002); Swan 2.0 knows one kind of provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "Swan 1.0 has these two")]
pub enum Role {
    /// An edge computing provider (ECP).
    Edge,
    /// A fog computing provider (FCP), whose cards weigh more (`W_FCP`).
    Fog,
}
