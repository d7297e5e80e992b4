//! Paying in by card: orders, what a card processor tells about them, and what follows for the books.
//!
//! A notice of the processor moves no money by itself. It says where to look; what is booked is what the processor's own
//! books say at that moment, fact by fact, each under an identifier that follows from the order and the processor's name of
//! the fact. So any order, repetition and loss of notices comes to the same books (`docs/PAYMENTS.md`).

mod desk;
mod event;
mod facts;
mod gateway;
mod look;
mod low_balance;
mod options;
mod order;
mod own_refunds;
mod refunds;
#[cfg(feature = "stripe")]
pub mod stripe;

pub(crate) use desk::{PayError, Payments, find, place, receive};
pub use event::{PaymentEvent, PaymentNews};
pub use gateway::{
    DisputeFact, DisputeState, GatewayError, Notice, NoticeError, PayBy, PaymentGateway,
    PaymentOrder, PaymentState, Place, Placed, RefundFact, RefundOrder, RefundState, Seen,
};
pub(crate) use look::run;
pub use low_balance::LowBalance;
pub(crate) use low_balance::{LowBalances, threshold, watch};
pub use options::PaymentOptions;
pub use order::{Movement, RefundRecord, RefundStage, Topup, TopupState};
pub(crate) use refunds::{refund, send_back};
