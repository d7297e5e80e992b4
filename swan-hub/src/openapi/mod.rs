//! The OpenAPI 3.1 document, made from the same table that the router is made from, so that neither can know a route that the
//! other does not.

mod document;
mod headers;
mod operation;
mod routes;
mod shapes;

pub(crate) use operation::{Access, Errors, Operation};
pub(crate) use routes::{Routes, Stamp};
pub(crate) use shapes::AccountError;
