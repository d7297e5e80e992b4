//! What a webhook is about. Nothing of it is booked but what Stripe's API says when it is asked about that.

use serde::Deserialize;

use super::super::{Notice, NoticeError, Place};
use super::amount;
use super::objects::{Metadata, Named};

#[derive(Deserialize)]
struct Event {
    id: String,
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    object: Object,
}

/// An object of any kind.
#[derive(Deserialize)]
struct Object {
    #[serde(default)]
    object: String,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    payment_intent: Option<Named>,
    #[serde(default)]
    amount: Option<u64>,
    #[serde(default)]
    amount_received: Option<u64>,
    #[serde(default)]
    amount_total: Option<u64>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
}

/// Reads a body whose signature is right.
pub(super) fn read(body: &[u8]) -> Result<Notice, NoticeError> {
    let event: Event = serde_json::from_slice(body).map_err(|error| NoticeError::Malformed {
        what: error.to_string(),
    })?;
    let object = event.data.object;
    let about = about(&event.r#type, &object);
    let is_own = matches!(
        object.object.as_str(),
        "payment_intent" | "checkout.session"
    );
    let topup = object.metadata.as_ref().and_then(Metadata::topup);
    let paid = match event.r#type.as_str() {
        "payment_intent.succeeded" => object.amount_received.or(object.amount),
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => {
            object.amount_total
        }
        _ => None,
    };
    let paid = paid.and_then(|paid| amount(paid).ok());
    Ok(Notice {
        id: event
            .id
            .chars()
            .filter(|c| !c.is_control())
            .take(255)
            .collect(),
        about,
        // What others have written on refunds and charges is not ours.
        topup: topup.filter(|_| is_own),
        paid: paid.zip(object.currency),
    })
}

fn about(kind: &str, object: &Object) -> Option<Place> {
    let id = object.id.clone();
    match kind {
        "payment_intent.succeeded" | "payment_intent.canceled" => id.map(Place::Payment),
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => id.map(Place::Session),
        kind => {
            let concerns = kind == "charge.refunded"
                || ["charge.refund.", "refund.", "charge.dispute."]
                    .iter()
                    .any(|beginning| kind.starts_with(beginning));
            let payment = object.payment_intent.as_ref().filter(|_| concerns);
            payment.map(|payment| Place::Payment(payment.id().to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = r#""metadata":{"swan_topup":"top-000000000000000000000000000000ff"}"#;

    fn notice(kind: &str, object: &str) -> Notice {
        let body = format!(r#"{{"id":"evt_1","type":"{kind}","data":{{"object":{{{object}}}}}}}"#);
        read(body.as_bytes()).unwrap()
    }

    #[test]
    fn a_notice_says_where_to_look() {
        let intent = r#""object":"payment_intent","id":"pi_1""#;
        let session = r#""object":"checkout.session","id":"cs_1","payment_intent":"pi_9""#;
        let charge = r#""object":"charge","id":"ch_1","payment_intent":"pi_2""#;
        let dispute = r#""object":"dispute","id":"dp_1","payment_intent":{"id":"pi_3"}"#;
        let by_hand = r#""object":"charge","id":"ch_1","payment_intent":null"#;
        let payment = |id: &str| Some(Place::Payment(id.to_owned()));
        for (kind, object, about) in [
            ("payment_intent.succeeded", intent, payment("pi_1")),
            ("payment_intent.canceled", intent, payment("pi_1")),
            ("payment_intent.payment_failed", intent, None),
            (
                "checkout.session.completed",
                session,
                Some(Place::Session("cs_1".into())),
            ),
            ("charge.refunded", charge, payment("pi_2")),
            ("charge.succeeded", charge, None),
            ("charge.dispute.created", dispute, payment("pi_3")),
            ("refund.failed", charge, payment("pi_2")),
            ("charge.refunded", by_hand, None),
            ("customer.created", charge, None),
        ] {
            assert_eq!(notice(kind, object).about, about, "{kind}");
        }
    }

    #[test]
    fn only_what_we_have_written_is_taken_for_ours() {
        let intent = format!(r#""object":"payment_intent","id":"pi_1",{OWN}"#);
        assert!(notice("payment_intent.succeeded", &intent).topup.is_some());
        let charge = format!(r#""object":"charge","payment_intent":"pi_1",{OWN}"#);
        assert!(notice("charge.refunded", &charge).topup.is_none());
    }

    #[test]
    fn what_was_paid_is_read_where_it_is_said() {
        let intent = r#""object":"payment_intent","id":"pi_1","amount":2000,"amount_received":1999,"currency":"usd""#;
        let session =
            r#""object":"checkout.session","id":"cs_1","amount_total":500,"currency":"eur""#;
        for (kind, object, paid) in [
            ("payment_intent.succeeded", intent, Some(("19.99", "usd"))),
            ("payment_intent.canceled", intent, None),
            ("checkout.session.completed", session, Some(("5", "eur"))),
            ("checkout.session.expired", session, None),
        ] {
            let found = notice(kind, object).paid;
            let found = found.map(|(amount, currency)| (amount.to_string(), currency));
            let paid = paid.map(|(amount, currency)| (amount.to_owned(), currency.to_owned()));
            assert_eq!(found, paid, "{kind}");
        }
    }

    #[test]
    fn what_is_no_event_is_named() {
        for body in [
            "",
            "{}",
            "[]",
            r#"{"id":7,"type":"x","data":{"object":{}}}"#,
        ] {
            let refused = read(body.as_bytes());
            assert!(
                matches!(refused, Err(NoticeError::Malformed { .. })),
                "{body}"
            );
        }
    }
}
