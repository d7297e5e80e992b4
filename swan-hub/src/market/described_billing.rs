//! What the OpenAPI document says of who stands on invoices.

use schemars::JsonSchema;

use super::billing::Buyer;
use super::described_shapes::Words;
use crate::openapi::{Access, Operation};

/// A number under which taxes are paid.
#[derive(JsonSchema)]
#[schemars(inline, transparent)]
#[expect(dead_code, reason = "only its schema is used")]
struct TaxNumber(
    #[schemars(
        regex(pattern = r"^[^\x00-\x1f\x7f-\x9f]+$"),
        length(min = 1, max = 40)
    )]
    String,
);

/// Who an account's owner is to be on invoices.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct BuyerWanted {
    name: Words,
    /// 8 lines at most.
    #[schemars(length(max = 8))]
    address: Option<Vec<Words>>,
    tax_id: Option<TaxNumber>,
}

fn own(operation: Operation) -> Operation {
    let own = operation.tag("Payments").access(Access::UserOrConsumer);
    own.fails([503])
}

pub(super) fn show() -> Operation {
    own(Operation::get("/v1/billing", "Who one is on invoices"))
        .answers::<Buyer>(200, "Empty where nothing was said yet")
}

pub(super) fn change() -> Operation {
    own(Operation::put("/v1/billing", "Says who one is on invoices"))
        .takes::<BuyerWanted>()
        .answers::<Buyer>(200, "It stands on invoices that are issued from now on")
}
