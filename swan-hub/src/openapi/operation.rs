//! What the document says of one route.

use axum::routing::MethodFilter;
use schemars::{JsonSchema, Schema, SchemaGenerator};

/// The schema of a type, made when the document is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape(pub(super) fn(&mut SchemaGenerator) -> Schema);

impl Shape {
    /// The schema of `T`.
    pub(crate) const fn of<T: JsonSchema>() -> Self {
        Self(schema::<T>)
    }
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The methods that routes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Its name in the document.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
        }
    }

    pub(super) const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Patch => MethodFilter::PATCH,
            Self::Delete => MethodFilter::DELETE,
        }
    }
}

/// Whose key a route wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nobody's.
    Open,
    /// A consumer key, `sk-swan-…`.
    Consumer,
    /// A provider key, `sk-prov-…`.
    Provider,
    /// An administrator's key, `sk-admin-…`.
    #[allow(
        dead_code,
        reason = "the document names the scheme; the routes for administrators come with admission"
    )]
    Admin,
    /// The token of a user who has logged in.
    User,
    /// A provider key or the token of a user who is a provider.
    ProviderOrUser,
    /// The token of a user, or a consumer key.
    UserOrConsumer,
}

/// The shape of a route's errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errors {
    /// `{"error": {"message", "type", "param", "code"}}`, as OpenAI's clients read it.
    OpenAi,
    /// `{"error": "…", "message": "…", "code": "…"}`, as the public network's account client reads it.
    Account,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    Header,
}

impl Place {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
        }
    }
}

/// One parameter.
#[derive(Debug, Clone)]
pub(super) struct Parameter {
    pub(super) place: Place,
    pub(super) name: &'static str,
    pub(super) says: &'static str,
    pub(super) shape: Shape,
    pub(super) is_needed: bool,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) says: &'static str,
    /// Content types with the shapes of their bodies; no shape for bodies that are no JSON.
    pub(super) content: Vec<(&'static str, Option<Shape>)>,
}

/// A body that is sent.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) content: &'static str,
    pub(super) shape: Shape,
    pub(super) is_needed: bool,
}

/// One route: where it is, what it takes and what it answers.
#[derive(Debug, Clone)]
#[must_use = "an operation describes a route once it is added to the routes"]
pub(crate) struct Operation {
    pub(super) method: Method,
    /// As the router has it; a wildcard `{*id}` stands as `{id}` in the document.
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    pub(super) tag: &'static str,
    pub(super) access: Access,
    pub(super) errors: Errors,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Sent>,
    pub(super) replies: Vec<Reply>,
    pub(super) failures: Vec<u16>,
    /// Whether answers carry the headers of a served request.
    pub(super) served: bool,
    /// Whether it may be sent twice with one key.
    pub(super) keyed: bool,
    /// Whether its answers say what is left of a rate.
    pub(super) limited: bool,
}

impl Operation {
    /// Reading at `path`.
    pub(crate) fn get(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Get, path, summary)
    }

    /// Doing something at `path`.
    pub(crate) fn post(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Post, path, summary)
    }

    /// Changing what is at `path`.
    pub(crate) fn put(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Put, path, summary)
    }

    /// Changing a part of what is at `path`.
    pub(crate) fn patch(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Patch, path, summary)
    }

    /// Taking away what is at `path`.
    pub(crate) fn delete(path: &'static str, summary: &'static str) -> Self {
        Self::new(Method::Delete, path, summary)
    }

    fn new(method: Method, path: &'static str, summary: &'static str) -> Self {
        Self {
            method,
            path,
            summary,
            tag: "operation",
            access: Access::Open,
            errors: Errors::OpenAi,
            parameters: Vec::new(),
            body: None,
            replies: Vec::new(),
            failures: Vec::new(),
            served: false,
            keyed: false,
            limited: false,
        }
    }

    /// The group under which documentation shows it.
    pub(crate) fn tag(self, tag: &'static str) -> Self {
        Self { tag, ..self }
    }

    /// Whose key it wants. Such a route also answers 401, and 403 to a key of another kind.
    pub(crate) fn access(self, access: Access) -> Self {
        Self { access, ..self }.fails([401, 403])
    }

    /// The shape of its errors.
    pub(crate) fn errors(self, errors: Errors) -> Self {
        Self { errors, ..self }
    }

    /// Whose key it wants, and the shape of its errors.
    pub(crate) const fn asks(&self) -> (Access, Errors) {
        (self.access, self.errors)
    }

    /// A parameter of the path.
    pub(crate) fn segment<T: JsonSchema>(self, name: &'static str, says: &'static str) -> Self {
        self.parameter(Place::Path, name, says, Shape::of::<T>())
    }

    /// A parameter of the query.
    pub(crate) fn query<T: JsonSchema>(self, name: &'static str, says: &'static str) -> Self {
        self.parameter(Place::Query, name, says, Shape::of::<T>())
    }

    /// A parameter of the query without which there is no answer.
    pub(crate) fn needs<T: JsonSchema>(self, name: &'static str, says: &'static str) -> Self {
        let mut asked = self.query::<T>(name, says);
        if let Some(parameter) = asked.parameters.last_mut() {
            parameter.is_needed = true;
        }
        asked.fails([400])
    }

    /// A header of the request.
    pub(crate) fn header<T: JsonSchema>(self, name: &'static str, says: &'static str) -> Self {
        self.parameter(Place::Header, name, says, Shape::of::<T>())
    }

    fn parameter(
        mut self,
        place: Place,
        name: &'static str,
        says: &'static str,
        shape: Shape,
    ) -> Self {
        self.parameters.push(Parameter {
            place,
            name,
            says,
            shape,
            is_needed: place == Place::Path,
        });
        self
    }

    /// The JSON that it takes. Such a route also answers 400, 408, 413 and 415.
    pub(crate) fn takes<T: JsonSchema>(self) -> Self {
        self.takes_as::<T>("application/json")
    }

    /// What it takes, as this content type.
    pub(crate) fn takes_as<T: JsonSchema>(self, content: &'static str) -> Self {
        let shape = Shape::of::<T>();
        Self {
            body: Some(Sent {
                content,
                shape,
                is_needed: true,
            }),
            ..self
        }
        .fails([400, 408, 413, 415])
    }

    /// The JSON that it takes, which may as well be missing.
    pub(crate) fn may_take<T: JsonSchema>(self) -> Self {
        let mut taking = self.takes::<T>();
        if let Some(sent) = &mut taking.body {
            sent.is_needed = false;
        }
        taking
    }

    /// An answer of JSON.
    pub(crate) fn answers<T: JsonSchema>(self, status: u16, says: &'static str) -> Self {
        self.replies(status, says, "application/json", Some(Shape::of::<T>()))
    }

    /// An answer that is no JSON, or none at all when `content` is empty.
    pub(crate) fn answers_as(self, status: u16, says: &'static str, content: &'static str) -> Self {
        self.replies(status, says, content, None)
    }

    fn replies(
        mut self,
        status: u16,
        says: &'static str,
        content: &'static str,
        shape: Option<Shape>,
    ) -> Self {
        let body = (!content.is_empty()).then_some((content, shape));
        match self.replies.iter_mut().find(|reply| reply.status == status) {
            Some(reply) => reply.content.extend(body),
            None => self.replies.push(Reply {
                status,
                says,
                content: body.into_iter().collect(),
            }),
        }
        self
    }

    /// The statuses of its errors.
    pub(crate) fn fails(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.failures.extend(statuses);
        self
    }

    /// It counts against a rate of its own, and its answers say what is left of that.
    pub(crate) fn limited(self) -> Self {
        Self {
            limited: true,
            ..self
        }
        .fails([429])
    }

    /// It takes an `Idempotency-Key`.
    pub(crate) fn keyed(self) -> Self {
        Self {
            keyed: true,
            ..self
        }
        .fails([400, 409, 429, 503])
    }

    /// It goes through the market: it costs money, may fail as providers do, and its answer says who served it.
    pub(crate) fn served(self) -> Self {
        let access = self.access(Access::Consumer);
        Self {
            served: true,
            limited: true,
            ..access
        }
        .fails([400, 402, 404, 409, 429, 500, 502, 503, 504])
    }
}
