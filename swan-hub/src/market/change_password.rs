//! `PUT /api/v1/user/me/password`

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;

use super::accounts::{self, LoggedIn, PASSWORD_LEAST};
use super::attempts::Guess;
use super::fields::Fields;
use super::identity;
use super::reply::{refusal, reply, unavailable};
use crate::gateway::Answer;
use crate::hub::Shared;
use crate::openapi::Errors;
use crate::store::UserRecord;

/// The handler.
pub(super) async fn change(State(hub): State<Arc<Shared>>, request: Request) -> Response {
    reply(&hub, changed(&hub, request).await, Errors::Account)
}

async fn changed(hub: &Arc<Shared>, request: Request) -> Result<LoggedIn, Answer> {
    let (parts, body) = request.into_parts();
    let from = accounts::caller(hub, &parts);
    let user = identity::user(hub, &parts.headers).await?;
    let fields = Fields::read(hub, &parts.headers, body).await?;
    let password = fields.text("password", 1, 256)?;
    let new = fields.text("new_password", PASSWORD_LEAST, 256)?;
    let guess = Guess::of(hub, from, &user.email)?;
    if !guess.check(password, Some(&user.password)).await? {
        // Not 401, which would tell clients that the login has ended.
        let wrong = refusal(403, "permission_error", "wrong_credentials").of("password");
        return Err(wrong.saying("password is not the one that the account has"));
    }
    let hash = hub.market.passwords.hash(new).await?;
    let _turn = hub.market.changing.lock().await;
    // Read again where nobody else changes it.
    let user = identity::user(hub, &parts.headers).await?;
    let user = UserRecord {
        password: hash,
        ..user
    };
    let stored = hub.store.users().put_user(&user).await;
    stored.map_err(|_| unavailable())?;
    // Whoever knew the old password may be logged in.
    let ended = hub.store.users().end_sessions(user.id).await;
    ended.map_err(|_| unavailable())?;
    accounts::logged_in(hub, &user, None).await
}
