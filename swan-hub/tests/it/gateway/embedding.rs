//! The hub inside another program.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http::request::Parts;
use swan_core::{AccountId, Amount, RevenueSplit, Split};
use swan_hub::{AuthenticateError, Authenticator, Consumer, Hub};
use tokio::net::TcpListener;

use super::http::Call;
use super::provider::{Provider, reply};
use super::{MODEL, Market, ask, completion};

/// What the embedder's own middleware found out.
#[derive(Clone)]
struct User(u128);

/// Lets in whom the middleware has named.
#[derive(Debug)]
struct Ours;

#[async_trait]
impl Authenticator for Ours {
    async fn authenticate(&self, request: &Parts) -> Result<Consumer, AuthenticateError> {
        match request.extensions.get::<User>() {
            Some(User(number)) => Ok(Consumer::new(AccountId::from_u128(*number))),
            None => Err(AuthenticateError::Forbidden("log in first".into())),
        }
    }
}

/// Everything for the treasury.
#[derive(Debug)]
struct Greedy;

impl RevenueSplit for Greedy {
    fn split(&self, gross: Amount) -> Split {
        Split {
            treasury: gross,
            ..Split::default()
        }
    }
}

async fn log_in(mut request: Request, next: Next) -> axum::response::Response {
    let user = request
        .headers()
        .get("x-user")
        .and_then(|user| user.to_str().ok()?.parse().ok());
    if let Some(number) = user {
        request.extensions_mut().insert(User(number));
    }
    next.run(request).await
}

#[tokio::test]
async fn a_hub_nests_under_a_path_behind_the_login_of_its_host() {
    let market = Market::with(|builder| {
        builder
            .with_authenticator(Arc::new(Ours))
            .with_split(Arc::new(Greedy))
    })
    .await;
    let app = Router::new()
        .route("/", axum::routing::get(|| async { "our own page" }))
        .nest("/market", market.hub.router())
        .layer(middleware::from_fn(log_in));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });

    assert_eq!(Call::get(address, "/").send().await.text(), "our own page");
    assert_eq!(
        Call::get(address, "/market/v1/models").send().await.status,
        200
    );
    let unknown = Call::get(address, "/market/nothing").send().await;
    assert_eq!(
        (unknown.status, &*unknown.error_code()),
        (404, "unknown_url")
    );
    let call = || Call::post(address, "/market/v1/chat/completions").body(ask(""));
    let answer = call().send().await;
    assert_eq!((answer.status, &*answer.error_code()), (403, "forbidden"));
    assert_eq!(answer.json()["error"]["message"], "log in first");

    let mut provider = market.provider(1).await;
    let answer = call().header("x-user", "77").background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
    assert_eq!(market.spent("5"), market.price(7, 2));
    assert_eq!(market.earned(1), Amount::ZERO);
    server.abort();
}

#[tokio::test]
async fn two_hubs_in_one_process_share_nothing() {
    let (one, two) = (Market::start().await, Market::start().await);
    let mut provider = one.provider(1).await;
    let answer = two.chat(ask("")).send().await;
    assert_eq!((answer.status, &*answer.error_code()), (503, "no_provider"));
    let strange = two
        .chat(ask(""))
        .header("authorization", &format!("Bearer {}", one.key));
    assert_eq!(strange.send().await.status, 401);
    let answer = one.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(answer.await.unwrap().status, 200);
    assert_eq!(one.spent("5"), one.price(7, 2));
    assert_eq!(two.spent("5"), Amount::ZERO);
}

#[tokio::test]
async fn a_second_hub_on_the_same_store_is_refused() {
    let market = Market::start().await;
    let second = Hub::builder()
        .with_store(Arc::clone(market.hub.store()))
        .build();
    let error = tokio::time::timeout(Duration::from_secs(30), second)
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        error.to_string().contains("in use by another hub"),
        "{error}"
    );
}

#[tokio::test]
async fn providers_have_a_router_of_their_own() {
    let market = Market::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = market.hub.provider_router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let kind = swan_hub::store::KeyKind::Provider(swan_core::ProviderId::from_u128(9));
    let key = market.issue(kind, 90).await;
    let mut provider = Box::pin(Provider::connect(address, &key, "node-9", true, &[MODEL])).await;
    assert_eq!(Call::get(address, "/v1/models").send().await.status, 404);
    let answer = market.chat(ask("")).background();
    provider.serve(reply(completion("hello", 7, 2))).await;
    assert_eq!(
        answer.await.unwrap().header("x-swan-provider-name"),
        "node-9"
    );
    server.abort();
}

/// Every handle is cheap to clone and may go to any thread.
#[test]
fn the_public_types_may_go_to_any_thread() {
    fn check<T: Send + Sync + Clone + std::fmt::Debug>() {}
    check::<Hub>();
    check::<swan_hub::Config>();
    check::<swan_hub::Limits>();
    check::<swan_hub::RequestRecord>();
    check::<Consumer>();
}
