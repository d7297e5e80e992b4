//! Writes the document.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::operation::{Access, Errors, Operation, Parameter, Place, Reply};
use super::shapes::{AccountError, ErrorBody, words};

/// The document that describes `operations`.
pub(super) fn write(operations: &[Operation]) -> Vec<u8> {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut schemas = SchemaGenerator::new(settings);
    let mut paths = Map::new();
    for operation in operations {
        let path = operation.path.replace("{*", "{");
        let item = paths.entry(path).or_insert_with(|| json!({}));
        if let Some(item) = item.as_object_mut() {
            let described = describe(operation, &mut schemas);
            item.insert(operation.method.as_str().into(), described);
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Swan hub",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A market for AI inference: the OpenAI API under /v1, the market under /api/v1. Fields beyond those described are passed on in both directions. Money is in decimal strings.",
            "license": { "name": env!("CARGO_PKG_LICENSE"), "identifier": env!("CARGO_PKG_LICENSE") },
        },
        "servers": [{ "url": "." }],
        "tags": tags(operations),
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": schemes(),
            "headers": headers(),
        },
    });
    // Maps of strings and numbers always serialise.
    serde_json::to_vec(&document).unwrap_or_default()
}

fn tags(operations: &[Operation]) -> Vec<Value> {
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations {
        if !tags.contains(&operation.tag) {
            tags.push(operation.tag);
        }
    }
    tags.into_iter().map(|tag| json!({ "name": tag })).collect()
}

fn describe(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut described = json!({
        "operationId": id(operation),
        "summary": operation.summary,
        "tags": [operation.tag],
        "security": security(operation.access),
        "responses": replies(operation, schemas),
    });
    let parameters: Vec<Value> = operation
        .parameters
        .iter()
        .map(|one| parameter(one, schemas))
        .collect();
    if let Some(object) = described.as_object_mut() {
        if !parameters.is_empty() {
            object.insert("parameters".into(), parameters.into());
        }
        if let Some(sent) = &operation.body {
            let schema = (sent.shape.0)(schemas);
            let body =
                json!({ "required": true, "content": { sent.content: { "schema": schema } } });
            object.insert("requestBody".into(), body);
        }
    }
    described
}

/// A name that generated clients can use: the method and the words of the path.
fn id(operation: &Operation) -> String {
    let mut id = String::from(operation.method.as_str());
    for word in operation.path.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut letters = word.chars();
        if let Some(first) = letters.next() {
            id.push(first.to_ascii_uppercase());
            id.extend(letters);
        }
    }
    id
}

fn parameter(parameter: &Parameter, schemas: &mut SchemaGenerator) -> Value {
    json!({
        "name": parameter.name,
        "in": parameter.place.as_str(),
        "required": parameter.place == Place::Path,
        "description": parameter.says,
        "schema": (parameter.shape.0)(schemas),
    })
}

fn replies(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut replies = Map::new();
    for reply in &operation.replies {
        replies.insert(reply.status.to_string(), good(operation, reply, schemas));
    }
    let error = match operation.errors {
        Errors::OpenAi => schemas.subschema_for::<ErrorBody>(),
        Errors::Account => schemas.subschema_for::<AccountError>(),
    };
    for status in &operation.failures {
        let said = replies.entry(status.to_string());
        said.or_insert_with(|| {
            json!({
                "description": words(*status),
                "headers": answer_headers(matches!(status, 429 | 503), false),
                "content": { "application/json": { "schema": error } },
            })
        });
    }
    Value::Object(replies)
}

fn good(operation: &Operation, reply: &Reply, schemas: &mut SchemaGenerator) -> Value {
    let mut content = Map::new();
    for (kind, shape) in &reply.content {
        let body = match shape {
            Some(shape) => json!({ "schema": (shape.0)(schemas) }),
            None => json!({}),
        };
        content.insert((*kind).into(), body);
    }
    let mut described = json!({
        "description": reply.says,
        "headers": answer_headers(false, operation.served),
    });
    if let Some(object) = described.as_object_mut()
        && !content.is_empty()
    {
        object.insert("content".into(), content.into());
    }
    described
}

/// The headers of every answer, and those that some have besides.
const OF_ALL: [&str; 2] = ["X-Request-ID", "X-Swan-Request-ID"];
const OF_SERVED: [&str; 8] = [
    "X-Swan-Connection-Mode",
    "X-Swan-Provider-ID",
    "X-Swan-Provider-Name",
    "X-Swan-Latency-Ms",
    "X-Swan-Route-Mode",
    "X-Swan-Billing-Type",
    "X-Swan-Cost",
    "X-Swan-Cost-Currency",
];

fn answer_headers(retry: bool, served: bool) -> Value {
    let served = if served { &OF_SERVED[..] } else { &[] };
    let retry = if retry { &["Retry-After"][..] } else { &[] };
    let named = OF_ALL.iter().chain(served).chain(retry);
    named
        .map(|name| {
            let place = format!("#/components/headers/{name}");
            ((*name).to_owned(), json!({ "$ref": place }))
        })
        .collect::<Map<_, _>>()
        .into()
}

fn headers() -> Value {
    let says = [
        ("X-Request-ID", "The request, a UUID"),
        ("X-Swan-Request-ID", "The same"),
        ("X-Swan-Connection-Mode", "websocket or external"),
        ("X-Swan-Provider-ID", "Who served it"),
        ("X-Swan-Provider-Name", "What that provider is called"),
        ("X-Swan-Latency-Ms", "Milliseconds until the answer began"),
        ("X-Swan-Route-Mode", "auto or explicit"),
        ("X-Swan-Billing-Type", "How it is paid for"),
        (
            "X-Swan-Cost",
            "What it cost, where that is known before the body",
        ),
        ("X-Swan-Cost-Currency", "USD or SWAN"),
        ("Retry-After", "Seconds until another try may help"),
    ];
    let header = |(name, says): (&str, &str)| {
        let described = json!({ "description": says, "schema": { "type": "string" } });
        (name.to_owned(), described)
    };
    says.into_iter().map(header).collect::<Map<_, _>>().into()
}

fn schemes() -> Value {
    let bearer = |says: &str| json!({ "type": "http", "scheme": "bearer", "description": says });
    json!({
        "consumerKey": bearer("A consumer's key, sk-swan-…"),
        "providerKey": bearer("A provider's key, sk-prov-…"),
        "adminKey": bearer("An administrator's key, sk-admin-…"),
        "userToken": bearer("The token of a login, which expires"),
    })
}

fn security(access: Access) -> Value {
    match access {
        Access::Open => json!([]),
        Access::Consumer => json!([{ "consumerKey": [] }]),
        Access::Provider => json!([{ "providerKey": [] }]),
        Access::Admin => json!([{ "adminKey": [] }]),
        Access::User => json!([{ "userToken": [] }]),
        Access::UserOrConsumer => json!([{ "userToken": [] }, { "consumerKey": [] }]),
        Access::ProviderOrUser => json!([{ "providerKey": [] }, { "userToken": [] }]),
    }
}
