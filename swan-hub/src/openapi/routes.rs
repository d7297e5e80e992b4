//! The table of routes.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{get, on};
use bytes::Bytes;
use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};

use super::document;
use super::operation::Operation;

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
    /// The router, without the document.
    pub(crate) fn into_router(self) -> Router {
        self.router
    }

    /// The router, with the document at `/openapi.json`.
    pub(crate) fn documented(mut self) -> Router {
        let own = Operation::get(DOCUMENT, "This document").answers_as(
            200,
            "An OpenAPI 3.1 document",
            "application/json",
        );
        self.operations.push(own);
        let document = Bytes::from(document::write(&self.operations));
        let answer = move || {
            let headers = [
                (CONTENT_TYPE, "application/json"),
                (CACHE_CONTROL, "max-age=300"),
                (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            ];
            std::future::ready((headers, document.clone()))
        };
        self.router.route(DOCUMENT, get(answer))
    }
}
