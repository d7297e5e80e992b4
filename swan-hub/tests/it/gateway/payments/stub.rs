//! A stand-in for Stripe's API that breaks when it is told to: it keeps idempotency keys, lists refunds and disputes, and
//! signs what it sends.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use http::{Method, StatusCode};
use parking_lot::Mutex;
use ring::hmac;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// What goes wrong with a call that changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing was done, and it says so.
    Fails,
    /// It was done, and it says that it failed.
    Lies,
    /// It was done, and it never answers.
    Hangs,
    /// It is refused for good.
    Refuses,
}

#[derive(Default)]
struct Books {
    made: u32,
    sessions: BTreeMap<String, Value>,
    intents: BTreeMap<String, Value>,
    refunds: Vec<Value>,
    disputes: Vec<Value>,
    keys: BTreeMap<String, Value>,
    faults: VecDeque<Fault>,
    /// What state refunds are made in.
    refund_state: String,
    calls: u32,
}

#[derive(Clone)]
pub(super) struct Stub {
    pub(super) address: SocketAddr,
    books: Arc<Mutex<Books>>,
}

impl Stub {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let books = Books {
            refund_state: "succeeded".into(),
            ..Books::default()
        };
        let stub = Self {
            address,
            books: Arc::new(Mutex::new(books)),
        };
        let router = Router::new().fallback(answer).with_state(stub.clone());
        tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        stub
    }

    pub(super) fn break_next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.books.lock().faults.extend(faults);
    }

    /// Nothing goes wrong any more.
    pub(super) fn heal(&self) {
        self.books.lock().faults.clear();
    }

    pub(super) fn refunds_are(&self, state: &str) {
        self.books.lock().refund_state = state.into();
    }

    /// As if a day had passed.
    pub(super) fn forget_keys(&self) {
        self.books.lock().keys.clear();
    }

    pub(super) fn calls(&self) -> u32 {
        self.books.lock().calls
    }

    pub(super) fn sessions(&self) -> usize {
        self.books.lock().sessions.len()
    }

    pub(super) fn refunds(&self) -> usize {
        self.books.lock().refunds.len()
    }

    /// Pays what a session or an intent is for; answers the payment.
    pub(super) fn pay(&self, id: &str) -> String {
        let books = &mut *self.books.lock();
        let payment = match books.sessions.get(id).cloned() {
            None => id.to_owned(),
            Some(session) => {
                let amount = session["amount_total"].clone();
                let intent = books.name("pi");
                let made = json!({"id": intent, "object": "payment_intent", "status": "open", "currency": "usd",
                    "amount": amount, "amount_received": 0, "metadata": session["metadata"]});
                books.intents.insert(intent.clone(), made);
                let session = books.sessions.get_mut(id).unwrap();
                session["payment_intent"] = json!(intent);
                session["status"] = json!("complete");
                intent
            }
        };
        let intent = books.intents.get_mut(&payment).unwrap();
        intent["status"] = json!("succeeded");
        intent["amount_received"] = intent["amount"].clone();
        payment
    }

    /// A payment that nobody has ordered here.
    pub(super) fn by_hand(&self, metadata: &Value) -> String {
        let mut books = self.books.lock();
        let id = books.name("pi");
        let made = json!({"id": id, "object": "payment_intent", "status": "succeeded", "currency": "usd",
            "amount": 900, "amount_received": 900, "metadata": metadata});
        books.intents.insert(id.clone(), made);
        id
    }

    /// Changes a member of a payment.
    pub(super) fn change(&self, payment: &str, member: &str, value: Value) {
        self.books.lock().intents.get_mut(payment).unwrap()[member] = value;
    }

    /// A refund that is begun at the processor.
    pub(super) fn refund(&self, payment: &str, cents: u64) -> String {
        let mut books = self.books.lock();
        let id = books.name("re");
        let state = books.refund_state.clone();
        books.refunds.push(json!({"id": id, "object": "refund", "payment_intent": payment, "amount": cents, "status": state, "metadata": {}}));
        id
    }

    pub(super) fn set_refund(&self, id: &str, state: &str) {
        let mut books = self.books.lock();
        let found = books.refunds.iter_mut().find(|one| one["id"] == id);
        found.unwrap()["status"] = json!(state);
    }

    pub(super) fn dispute(&self, payment: &str, cents: u64) -> String {
        let mut books = self.books.lock();
        let id = books.name("dp");
        books.disputes.push(json!({"id": id, "object": "dispute", "payment_intent": payment, "amount": cents, "status": "needs_response"}));
        id
    }

    pub(super) fn set_dispute(&self, id: &str, state: &str) {
        let mut books = self.books.lock();
        let found = books.disputes.iter_mut().find(|one| one["id"] == id);
        found.unwrap()["status"] = json!(state);
    }

    /// How many cents of a payment have gone back.
    pub(super) fn refunded(&self, payment: &str) -> u64 {
        let books = self.books.lock();
        let own = books.refunds.iter();
        let own = own.filter(|one| one["payment_intent"] == payment && one["status"] != "failed");
        own.map(|one| cents(&one["amount"])).sum()
    }

    /// How many cents of a payment were taken back and not given back.
    pub(super) fn disputed(&self, payment: &str) -> u64 {
        let books = self.books.lock();
        let own = books.disputes.iter();
        let own = own.filter(|one| one["payment_intent"] == payment && one["status"] != "won");
        own.map(|one| cents(&one["amount"])).sum()
    }

    /// The names of all refunds.
    pub(super) fn refund_ids(&self) -> Vec<String> {
        let books = self.books.lock();
        let ids = books
            .refunds
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect()
    }

    /// The event about an object as it is now.
    pub(super) fn event(&self, kind: &str, id: &str) -> String {
        let mut books = self.books.lock();
        let object = match id.get(..2).unwrap() {
            "pi" => books.intents[id].clone(),
            "cs" => books.sessions[id].clone(),
            "re" => books
                .refunds
                .iter()
                .find(|one| one["id"] == id)
                .unwrap()
                .clone(),
            _ => books
                .disputes
                .iter()
                .find(|one| one["id"] == id)
                .unwrap()
                .clone(),
        };
        let event = books.name("evt");
        json!({"id": event, "object": "event", "type": kind, "data": {"object": object}})
            .to_string()
    }
}

/// Forms bring texts.
fn cents(value: &Value) -> u64 {
    let text = value.as_str().and_then(|text| text.parse().ok());
    text.or_else(|| value.as_u64()).unwrap()
}

impl Books {
    fn name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}_{}", self.made)
    }

    fn post(&mut self, path: &[&str], form: &BTreeMap<String, String>) -> (u16, Value) {
        let cents = |name: &str| form[name].parse::<u64>().unwrap();
        match path {
            ["checkout", "sessions"] => {
                let id = self.name("cs");
                let metadata =
                    json!({"swan_topup": form["payment_intent_data[metadata][swan_topup]"]});
                let made = json!({"id": id, "object": "checkout.session", "status": "open", "currency": "usd", "payment_intent": null,
                    "url": format!("https://pay.example/{id}"), "metadata": metadata,
                    "amount_total": cents("line_items[0][price_data][unit_amount]")});
                self.sessions.insert(id, made.clone());
                (200, made)
            }
            ["checkout", "sessions", id, "expire"] => {
                let session = self.sessions.get_mut(*id).unwrap();
                if session["status"] != "open" {
                    return (
                        400,
                        json!({"error": {"code": "resource_missing", "message": "not open"}}),
                    );
                }
                session["status"] = json!("expired");
                (200, session.clone())
            }
            ["payment_intents"] => {
                let id = self.name("pi");
                let made = json!({"id": id, "object": "payment_intent", "status": "requires_payment_method", "currency": form["currency"],
                    "amount": cents("amount"), "amount_received": 0, "client_secret": format!("{id}_secret_x"),
                    "metadata": {"swan_topup": form["metadata[swan_topup]"]}});
                self.intents.insert(id, made.clone());
                (200, made)
            }
            ["payment_intents", id, "cancel"] => {
                let intent = self.intents.get_mut(*id).unwrap();
                intent["status"] = json!("canceled");
                (200, intent.clone())
            }
            ["refunds"] => {
                let id = self.name("re");
                let made = json!({"id": id, "object": "refund", "payment_intent": form["payment_intent"], "amount": cents("amount"),
                    "status": self.refund_state, "metadata": {"swan_refund": form["metadata[swan_refund]"]}});
                self.refunds.push(made.clone());
                (200, made)
            }
            _ => (404, json!({"error": {"message": "no such path"}})),
        }
    }

    fn get(&self, path: &[&str], query: &BTreeMap<String, String>) -> (u16, Value) {
        let missing = || {
            (
                404,
                json!({"error": {"code": "resource_missing", "message": "no such thing"}}),
            )
        };
        let of = |all: &[Value]| {
            let own = all
                .iter()
                .filter(|one| one["payment_intent"] == query["payment_intent"]);
            let newest_first: Vec<_> = own.rev().cloned().collect();
            (
                200,
                json!({"object": "list", "data": newest_first, "has_more": false}),
            )
        };
        match path {
            ["checkout", "sessions", id] => self
                .sessions
                .get(*id)
                .map_or_else(missing, |it| (200, it.clone())),
            ["payment_intents", id] => self
                .intents
                .get(*id)
                .map_or_else(missing, |it| (200, it.clone())),
            ["refunds"] => of(&self.refunds),
            ["disputes"] => of(&self.disputes),
            _ => missing(),
        }
    }
}

fn pairs(text: &[u8]) -> BTreeMap<String, String> {
    form_urlencoded::parse(text).into_owned().collect()
}

async fn answer(State(stub): State<Stub>, request: Request) -> (StatusCode, String) {
    let (parts, body) = request.into_parts();
    let body: Bytes = to_bytes(body, 1 << 20).await.unwrap();
    assert_eq!(parts.headers["authorization"], "Bearer sk_test_hush");
    assert!(parts.headers.contains_key("stripe-version"));
    let path = parts.uri.path().strip_prefix("/v1/").unwrap().to_owned();
    let path: Vec<&str> = path.split('/').collect();
    let (fault, (status, value)) = {
        let books = &mut *stub.books.lock();
        books.calls += 1;
        if parts.method == Method::POST {
            let key = parts.headers["idempotency-key"]
                .to_str()
                .unwrap()
                .to_owned();
            let fault = books.faults.pop_front();
            let done = match (fault, books.keys.get(&key)) {
                (Some(Fault::Fails), _) => {
                    (500, json!({"error": {"message": "try sk_test_hush again"}}))
                }
                (Some(Fault::Refuses), _) => (
                    400,
                    json!({"error": {"code": "charge_disputed", "message": "no, sk_test_hush"}}),
                ),
                (_, Some(known)) => (200, known.clone()),
                (_, None) => {
                    let done = books.post(&path, &pairs(&body));
                    books.keys.insert(key, done.1.clone());
                    done
                }
            };
            (fault, done)
        } else {
            let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
            (None, books.get(&path, &query))
        }
    };
    match fault {
        Some(Fault::Hangs) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            (StatusCode::OK, String::new())
        }
        Some(Fault::Lies) => (StatusCode::BAD_GATEWAY, "<html>".into()),
        _ => (StatusCode::from_u16(status).unwrap(), value.to_string()),
    }
}

/// The header of a body that was signed with this secret at this second.
pub(super) fn sign(secret: &str, at_secs: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{at_secs}.{body}").as_bytes());
    let hex: String = tag
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={at_secs},v1={hex}")
}
