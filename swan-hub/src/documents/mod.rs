//! What is written down for people and their accountants: usage, invoices, what providers have earned, what the growth fund
//! has got. All of it is read from the journal, so that its sums are those of the ledger.

mod earnings;
mod growth_fund;
mod invoice;
mod month;
mod readers;
mod sums;
mod usage;

pub use earnings::{Earnings, EarningsQuery, EarningsRow, OtherMove, earnings};
pub use growth_fund::{FundMove, FundOf, GrowthFundReport, Income, growth_fund};
pub(crate) use invoice::CONTENT_POLICY;
pub use invoice::{
    Billing, BillingError, Invoice, InvoiceLine, Paper, Section, Tax, TaxError, TaxLine, invoice,
    invoice_numbered, invoices,
};
pub use month::{Month, MonthError};
pub(crate) use readers::{Reader, Readers};
pub(crate) use sums::{Charged, Sum};
pub use usage::{Grouping, UsageError, UsageExport, UsageFormat, UsageQuery};
