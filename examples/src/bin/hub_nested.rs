//! A market inside another product: nested under `/market`, behind the product's own login. The product's session decides
//! who pays and within which limits; the hub has no keys of consumers at all.
//!
//! ```console
//! $ cargo run -p swan-examples --bin hub_nested
//! $ curl http://127.0.0.1:8100/market/v1/models
//! $ curl http://127.0.0.1:8100/market/v1/chat/completions -H 'cookie: session=ada' -d '{"model":"qwen3:8b","messages":[]}'
//! ```
//!
//! `SWAN_LISTEN` chooses another address.
#![expect(clippy::print_stdout, reason = "an example talks to its user")]

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::{Router, routing::get};
use swan_core::{AccountId, Currency, TransferId};
use swan_hub::{Access, Allowance, AuthenticateError, Authenticator, Consumer, Hub, KeyLimits};
use tokio::net::TcpListener;

/// Somebody who has logged in to the product.
#[derive(Debug, Clone)]
struct Session {
    user: u128,
    /// What the user's plan allows. Made once and handed on with each request: the hub counts in it.
    access: Arc<Access>,
}

/// The product's logins, which a real one has in its database.
#[derive(Debug, Default)]
struct Sessions(HashMap<String, Session>);

impl Sessions {
    fn log_in(&mut self, token: &str, user: u128, plan: KeyLimits) {
        let allowance = Arc::new(Allowance::new(plan));
        let access = Arc::new(Access::new(None, Some(allowance)));
        self.0.insert(token.to_owned(), Session { user, access });
    }
}

/// What the product sells.
fn paid() -> KeyLimits {
    let mut plan = KeyLimits::default();
    plan.rpm = Some(600);
    plan
}

/// What it gives away: two requests a minute, and cheap models only.
fn trial() -> Result<KeyLimits, Box<dyn Error>> {
    let mut plan = KeyLimits::default();
    plan.rpm = Some(2);
    plan.models = vec!["Qwen/*".parse()?, "swan/*".parse()?];
    Ok(plan)
}

/// The seam: every user of the product has an account of the same number.
#[derive(Debug)]
struct OurUsers;

#[async_trait::async_trait]
impl Authenticator for OurUsers {
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError> {
        let session = request.extensions.get::<Session>();
        let not_here = || AuthenticateError::Forbidden("log in first".to_owned());
        let session = session.ok_or_else(not_here)?;
        let account = AccountId::from_u128(session.user);
        Ok(Consumer::new(account).with_access(Arc::clone(&session.access)))
    }
}

/// The product's own middleware: it finds the session of the cookie, and leaves it where the authenticator looks.
async fn recognise(
    State(sessions): State<Arc<Sessions>>,
    mut request: Request,
    next: Next,
) -> Response {
    let cookies = request.headers().get(COOKIE);
    let mut cookies = cookies.and_then(|value| value.to_str().ok()).into_iter();
    let mut cookies = cookies.by_ref().flat_map(|line| line.split("; "));
    let token = cookies.find_map(|cookie| cookie.strip_prefix("session="));
    if let Some(session) = token.and_then(|token| sessions.0.get(token)).cloned() {
        request.extensions_mut().insert(session);
    }
    next.run(request).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut sessions = Sessions::default();
    sessions.log_in("ada", 7, paid());
    sessions.log_in("bob", 8, trial()?);

    let hub = Hub::builder()
        .with_authenticator(Arc::new(OurUsers))
        .build()
        .await?;
    // Ada has paid the product five dollars for this.
    let (ada, once) = (AccountId::from_u128(7), TransferId::from_u128(1));
    let five = "5".parse()?;
    hub.books()
        .grant(once, ada, Currency::Usd, five, "invoice 1")
        .await
        .map(drop)?;

    let app = Router::new()
        .route("/", get(|| async { "our product" }))
        .nest("/market", hub.router())
        .layer(middleware::from_fn_with_state(
            Arc::new(sessions),
            recognise,
        ));
    let address = std::env::var("SWAN_LISTEN").unwrap_or_else(|_| "127.0.0.1:8100".to_owned());
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    println!("http://{address}/market/v1");
    axum::serve(listener, app).await?;
    Ok(())
}
