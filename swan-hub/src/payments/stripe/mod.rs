//! Stripe as the card processor: its REST API over the hub's own HTTP client, and its signed webhooks.

mod calls;
mod config;
mod events;
mod objects;
mod signature;
#[cfg(test)]
mod signature_tests;

use std::fmt;

use async_trait::async_trait;
use http::HeaderMap;
use swan_core::{Amount, Timestamp};

use self::calls::{Calls, Form};
use self::objects::{Dispute, Intent, List, Refund, Session};
use super::{
    GatewayError, Notice, NoticeError, PayBy, PaymentGateway, PaymentOrder, PaymentState, Place,
    Placed, RefundFact, RefundOrder, Seen,
};

pub use config::{StripeConfig, StripeError};

/// Payments by Stripe: pages of Stripe's (Checkout) or payment intents for pages of one's own, cards only.
///
/// It is a [`PaymentGateway`] for [`HubBuilder::with_payments`](crate::HubBuilder::with_payments).
pub struct Stripe {
    config: StripeConfig,
    calls: Calls,
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stripe").field(&self.config).finish()
    }
}

impl Stripe {
    /// The adapter that `config` describes; nothing is sent yet.
    ///
    /// # Errors
    /// [`StripeError`] when something of it cannot be used.
    pub fn new(config: StripeConfig) -> Result<Self, StripeError> {
        config.check()?;
        let calls = Calls::new(&config)?;
        Ok(Self { config, calls })
    }

    fn checkout(&self, order: &PaymentOrder, cents: u64) -> Form {
        let product = match order.collateral_of {
            Some(_) => "Provider collateral",
            None => &self.config.product,
        };
        Form::new()
            .with("mode", &"payment")
            .with("success_url", &self.config.success_url)
            .with("cancel_url", &self.config.cancel_url)
            .with("client_reference_id", &order.topup)
            .with("payment_method_types[0]", &"card")
            .with("line_items[0][quantity]", &1)
            .with("line_items[0][price_data][currency]", &"usd")
            .with("line_items[0][price_data][unit_amount]", &cents)
            .with("line_items[0][price_data][product_data][name]", &product)
            .with("expires_at", &(order.expires.as_millis() / 1_000))
            .with("metadata[swan_topup]", &order.topup)
            .with("payment_intent_data[metadata][swan_topup]", &order.topup)
            .with(
                "payment_intent_data[metadata][swan_account]",
                &order.account,
            )
    }

    fn intent(order: &PaymentOrder, cents: u64) -> Form {
        Form::new()
            .with("amount", &cents)
            .with("currency", &"usd")
            .with("payment_method_types[0]", &"card")
            .with("metadata[swan_topup]", &order.topup)
            .with("metadata[swan_account]", &order.account)
    }

    async fn seen(&self, id: &str) -> Result<Seen, GatewayError> {
        let intent: Intent = self.calls.get(&["payment_intents", id], &[]).await?;
        let state = intent.state();
        let mut seen = Seen {
            topup: intent.topup(),
            state,
            paid: intent.paid()?,
            currency: intent.currency.clone(),
            payment: Some(intent.id),
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        if state == PaymentState::Paid {
            let of = [("payment_intent", id), ("limit", "100")];
            let refunds: List<Refund> = self.calls.get(&["refunds"], &of).await?;
            seen.refunds = refunds.each(Refund::fact)?;
            let disputes: Result<List<Dispute>, _> = self.calls.get(&["disputes"], &of).await;
            seen.disputes = match disputes {
                Ok(disputes) => disputes.each(Dispute::fact)?,
                // A server that stands in for Stripe may have no disputes at all.
                Err(GatewayError::Unknown { .. }) => Vec::new(),
                Err(error) => return Err(error),
            };
        }
        Ok(seen)
    }
}

#[async_trait]
impl PaymentGateway for Stripe {
    fn name(&self) -> &'static str {
        "stripe"
    }

    async fn place(&self, order: &PaymentOrder) -> Result<Placed, GatewayError> {
        let cents = cents(order.amount)?;
        let key = order.topup.to_string();
        match order.pay_by {
            PayBy::Checkout => {
                let form = self.checkout(order, cents);
                let path = ["checkout", "sessions"];
                let session: Session = self.calls.post(&path, &form, &key).await?;
                Ok(Placed {
                    place: Place::Session(session.id),
                    url: session.url,
                    client_secret: None,
                })
            }
            PayBy::PaymentIntent => {
                let form = Self::intent(order, cents);
                let intent: Intent = self.calls.post(&["payment_intents"], &form, &key).await?;
                Ok(Placed {
                    place: Place::Payment(intent.id),
                    url: None,
                    client_secret: intent.client_secret,
                })
            }
        }
    }

    async fn look(&self, place: &Place) -> Result<Seen, GatewayError> {
        match place {
            Place::Payment(id) => self.seen(id).await,
            Place::Session(id) => {
                let session: Session = self.calls.get(&["checkout", "sessions", id], &[]).await?;
                match &session.payment_intent {
                    Some(intent) => {
                        let mut seen = self.seen(intent.id()).await?;
                        if seen.state == PaymentState::Open && session.is_over() {
                            seen.state = PaymentState::Closed;
                        }
                        Ok(seen)
                    }
                    None => Ok(session.unpaid()),
                }
            }
        }
    }

    async fn close(&self, place: &Place) -> Result<(), GatewayError> {
        let path = match place {
            Place::Payment(id) => vec!["payment_intents", id, "cancel"],
            Place::Session(id) => vec!["checkout", "sessions", id, "expire"],
        };
        let key = format!("close-{}", path.get(path.len() - 2).unwrap_or(&""));
        let closed: Result<serde::de::IgnoredAny, _> =
            self.calls.post(&path, &Form::new(), &key).await;
        match closed {
            // What was paid or closed meanwhile cannot be closed.
            Ok(_) | Err(GatewayError::Refused { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn refund(&self, wanted: &RefundOrder) -> Result<RefundFact, GatewayError> {
        let number = format!("{:032x}", wanted.number);
        let form = Form::new()
            .with("payment_intent", &wanted.payment)
            .with("amount", &cents(wanted.amount)?)
            .with("metadata[swan_refund]", &number)
            .with("metadata[swan_topup]", &wanted.topup);
        let key = format!("refund-{number}");
        let refund: Refund = self.calls.post(&["refunds"], &form, &key).await?;
        refund.fact()
    }

    fn read(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<Notice, NoticeError> {
        let secrets = &self.config.webhook_secrets;
        signature::check(headers, body, secrets, (now, self.config.tolerance))?;
        events::read(body)
    }
}

/// An amount in cents, which it has to be.
fn cents(amount: Amount) -> Result<u64, GatewayError> {
    let odd = || GatewayError::Malformed {
        what: format!("{amount} is no whole number of cents"),
    };
    let pico = u128::try_from(amount.pico()).map_err(|_| odd())?;
    if pico % PICO_PER_CENT != 0 {
        return Err(odd());
    }
    u64::try_from(pico / PICO_PER_CENT).map_err(|_| odd())
}

const PICO_PER_CENT: u128 = 10_000_000_000;

/// An amount of so many cents; of another currency so many of its smallest units.
fn amount(cents: u64) -> Result<Amount, GatewayError> {
    let pico = i128::from(cents) * 10_000_000_000;
    Amount::from_pico(pico).map_err(|_| GatewayError::Malformed {
        what: format!("{cents} cents are too much"),
    })
}
