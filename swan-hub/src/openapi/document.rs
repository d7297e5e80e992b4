//! Writes the document.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::headers;
use super::operation::{Access, Errors, Operation, Parameter, Reply};
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
            "headers": headers::all(),
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
            let content = json!({ sent.content: { "schema": schema } });
            let body = json!({ "required": sent.is_needed, "content": content });
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
        "required": parameter.is_needed,
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
                "headers": headers::of_failure(*status, operation),
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
        "headers": headers::of_answer(operation),
    });
    if let Some(object) = described.as_object_mut()
        && !content.is_empty()
    {
        object.insert("content".into(), content.into());
    }
    described
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
