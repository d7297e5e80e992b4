use crate::BasisPoints;

/// How a provider's contribution counts once the income is contribution-weighted.
///
/// Sources: public record 3.6 (usage as a square-root compressed share, times uptime, success and benchmark; output
/// tokens counted three times) and 3.5, SIP-002 (availability factor, thresholds, the locked part).
///
/// SIP-002 also has a score of five parts weighed .30/.25/.20/.15/.10, hardware multipliers 1.0/1.5/2.5/4.0 and a ramp
/// bonus for the bottom quartile. What the five parts measure, which hardware a multiplier belongs to and how large the
/// bonus is, is public nowhere, so these three are not computed here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContributionRules {
    pub(super) output_token_weight: u32,
    pub(super) full_uptime_bps: u32,
    pub(super) least_uptime: BasisPoints,
    pub(super) least_requests_per_week: u32,
    pub(super) least_success: BasisPoints,
    pub(super) least_hours_per_week: u32,
    pub(super) liquid: BasisPoints,
    pub(super) locked_months: u32,
}
