//! Shapes that several parts of the market's document have in common.

use schemars::JsonSchema;

/// A decimal string above zero.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Sum(#[schemars(regex(pattern = r"^[1-9][0-9]{0,8}(\.[0-9]{1,12})?$"))] String);

/// `usd` unless said.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Code(#[schemars(regex(pattern = r"^(usd|swan)$"))] String);

/// 1 to 200 characters, none of them a control character.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
pub(super) struct Words(
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 200)
    )]
    String,
);
