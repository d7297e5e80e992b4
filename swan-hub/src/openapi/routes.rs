//! The table of routes.

use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::handler::Handler;
use axum::middleware::map_response;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, on};
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use super::document;
use super::operation::Operation;

/// Puts on an answer what every answer has.
pub(crate) trait Stamp: Fn(&mut HeaderMap) + Clone + Send + Sync + 'static {}

impl<T: Fn(&mut HeaderMap) + Clone + Send + Sync + 'static> Stamp for T {}

/// Where the document is.
const DOCUMENT: &str = "/openapi.json";

/// Routes with what the document says of them: the only way in which the hub gets a route.
#[derive(Debug)]
#[must_use = "routes do nothing until they are served"]
pub(crate) struct Routes<S = ()> {
    router: Router<S>,
    operations: Vec<Operation>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            router: Router::new(),
            operations: Vec::new(),
        }
    }

    /// The route of `operation`, which `handler` answers.
    pub(crate) fn add<H, T>(mut self, operation: Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let answered = on(operation.method.filter(), handler);
        self.router = self.router.route(operation.path, answered);
        self.operations.push(operation);
        self
    }

    /// These and those.
    pub(crate) fn merge(mut self, others: Self) -> Self {
        self.operations.extend(others.operations);
        Self {
            router: self.router.merge(others.router),
            operations: self.operations,
        }
    }

    /// The same with what their handlers work on.
    pub(crate) fn with_state<S2>(self, state: S) -> Routes<S2> {
        Routes {
            router: self.router.with_state(state),
            operations: self.operations,
        }
    }
}

impl Routes {
    /// The same, whose answers get headers by `stamp`: for handlers that know nothing of the hub.
    pub(crate) fn stamped(self, stamp: impl Stamp) -> Self {
        let stamped = map_response(move |mut answer: Response| {
            stamp(answer.headers_mut());
            std::future::ready(answer)
        });
        Self {
            router: self.router.layer(stamped),
            operations: self.operations,
        }
    }

    /// The router, without the document.
    pub(crate) fn into_router(self) -> Router {
        self.router
    }

    /// The router, with the document at `/openapi.json`, whose answers get headers by `stamp`.
    pub(crate) fn documented(mut self, stamp: impl Stamp) -> Router {
        let own = Operation::get(DOCUMENT, "This document").answers_as(
            200,
            "An OpenAPI 3.1 document",
            "application/json",
        );
        self.operations.push(own);
        let operations = self.operations;
        // Written when it is first asked for: it takes megabytes to write, which most hubs would never need again.
        let document = LazyLock::new(move || Bytes::from(document::write(&operations)));
        let document = Arc::new(document);
        let answer = move || {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "max-age=300"),
            ];
            let mut answer = (headers, Bytes::clone(&document)).into_response();
            stamp(answer.headers_mut());
            std::future::ready(answer)
        };
        self.router.route(DOCUMENT, get(answer))
    }
}
