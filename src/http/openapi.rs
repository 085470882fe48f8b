//! The OpenAPI document: generated from the handlers, with what all of them have in common added in one place.

use std::{collections::BTreeMap, mem};

use serde_json::json;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Components, HttpMethod, Ref, RefOr, ResponseBuilder,
        content::ContentBuilder,
        header::HeaderBuilder,
        path::Operation,
        schema::{
            AdditionalProperties, KnownFormat, ObjectBuilder, OneOfBuilder, Schema, SchemaFormat, SchemaType, Type,
        },
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use super::{
    ingest::EventIn,
    problem::{FieldProblem, Problem},
};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Shelfmark",
        description = "Embeddings and recommendations from a model that learns from every event. Every write has a position in the model's log; a read may ask for `min_position`.\n\nErrors are `application/problem+json` (RFC 9457) with a stable `code`.",
        license(name = "Apache-2.0 OR MIT")
    ),
    tags(
        (name = "events", description = "Interactions: what the model learns from"),
        (name = "items", description = "Items' metadata"),
        (name = "recommendations", description = "What to show"),
        (name = "embeddings", description = "Vectors"),
        (name = "versions", description = "Kept states, and rolling back to them"),
        (name = "learning", description = "What learning does, and whether it is well"),
        (name = "models", description = "Embedding spaces"),
        (name = "service", description = "The process"),
    ),
    components(schemas(Problem, FieldProblem, EventIn)),
    modifiers(&SecuritySchemes)
)]
struct BaseDocument;

/// The part of the document that no handler has.
pub fn base() -> openapi::OpenApi {
    BaseDocument::openapi()
}

struct SecuritySchemes;

impl Modify for SecuritySchemes {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let components = document.components.get_or_insert_with(Components::default);
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        let header = ApiKey::Header(ApiKeyValue::new("X-API-Key"));
        components.add_security_scheme("key", SecurityScheme::ApiKey(header));
        let query =
            ApiKey::Query(ApiKeyValue::with_description("key", "A key of scope `ingest` or `recommend`, for beacons"));
        components.add_security_scheme("page_key", SecurityScheme::ApiKey(query));
        let none: [&str; 0] = [];
        document.security = Some(vec![
            SecurityRequirement::new("bearer", none),
            SecurityRequirement::new("key", none),
            // Without configured keys this machine needs none.
            SecurityRequirement::default(),
        ]);
    }
}

/// What every operation behind a key can answer: status, codes.
const COMMON: &[(&str, &str)] = &[
    ("401", "No key, or one that is not known (`unauthorized`)"),
    (
        "403",
        "The key's scope, model or origin does not suffice (`forbidden`, `origin_refused`); without keys, a foreign Host or Origin (`host_refused`)",
    ),
    (
        "422",
        "Readable, with a value that breaks its rule: `errors` names the fields (`invalid`, `not_supported`); of several entries, none was taken (`nothing_taken`)",
    ),
    (
        "429",
        "The caller holds its share of something, which the detail names (`share_used_up`); the append queue is full (`queue_full`); a key for pages is beyond its rate (`rate_limited`)",
    ),
    ("500", "A failure of the service; the cause is in its log under the `request_id` (`internal`)"),
    (
        "503",
        "Not now; `Retry-After` says when (`position_not_reached`, `overloaded`, `timed_out`, `database_unavailable`, `learner_down`, `shutting_down`)",
    ),
];

/// Operations that keys for pages reach.
const FOR_PAGES: [&str; 4] = ["append_events", "recommend", "recommend_for_user", "similar_items"];

/// Text without control characters, as a regular expression of ECMA-262.
const NO_CONTROL_CHARACTERS: &str = r"^[^\x00-\x1f\x7f-\x9f]+$";

/// What an operation on something that may not exist can answer.
const NOT_FOUND: (&str, &str) =
    ("404", "No such model, or no such thing in it (`model_not_found`, `item_not_found`, ...)");

/// What an operation that takes a body can answer.
const WITH_BODY: &[(&str, &str)] = &[
    (
        "400",
        "The body is not JSON, or not packed as it says; the detail has line and column (`malformed`, `body_broken`)",
    ),
    ("408", "The body stopped coming, or came too slowly (`stalled`)"),
    (
        "413",
        "The body, a line or the number of records is too large (`too_large`, `line_too_large`, `too_many_records`)",
    ),
    ("415", "Another content type or coding is needed (`unsupported_media_type`, `unsupported_content_encoding`)"),
];

/// Adds to a document of all operations what they have in common.
pub fn completed(mut document: openapi::OpenApi) -> openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        let operations = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Delete, &mut item.delete),
            (HttpMethod::Patch, &mut item.patch),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                complete(path, &method, operation);
                bound_texts(operation);
            }
        }
    }
    if let Some(components) = &mut document.components {
        add_configuration_patch(&mut components.schemas);
    }
    document
}

/// Adds the schema of a change of a configuration: the configuration's, in which every value may be null (RFC 7396).
fn add_configuration_patch(schemas: &mut BTreeMap<String, RefOr<Schema>>) {
    let Some(configuration) = schemas.get("ModelConfig").cloned() else { return };
    schemas.insert("ModelConfigPatch".to_owned(), patch_of(configuration, schemas));
    if let Some(RefOr::T(Schema::Object(patch))) = schemas.get_mut("ModelPatch") {
        patch.properties.insert("config".to_owned(), Ref::from_schema_name("ModelConfigPatch").into());
    }
}

/// Makes the schema of a change from that of an object: nothing is required, and every value may be null.
fn patch_of(schema: RefOr<Schema>, schemas: &BTreeMap<String, RefOr<Schema>>) -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = resolved(schema.clone(), schemas) else { return schema };
    if object.properties.is_empty() && object.additional_properties.is_none() {
        return schema;
    }
    let nullable = |schema| {
        let null = ObjectBuilder::new().schema_type(SchemaType::new(Type::Null));
        RefOr::T(OneOfBuilder::new().item(null).item(patch_of(schema, schemas)).build().into())
    };
    object.required.clear();
    object.default = None;
    object.properties = mem::take(&mut object.properties).into_iter().map(|(name, of)| (name, nullable(of))).collect();
    object.additional_properties = object.additional_properties.take().map(|of| match *of {
        AdditionalProperties::RefOr(of) => Box::new(AdditionalProperties::RefOr(nullable(of))),
        AdditionalProperties::FreeForm(free) => Box::new(AdditionalProperties::FreeForm(free)),
    });
    RefOr::T(object.into())
}

/// The schema that a reference names.
fn resolved(schema: RefOr<Schema>, schemas: &BTreeMap<String, RefOr<Schema>>) -> RefOr<Schema> {
    match &schema {
        RefOr::Ref(of) => of.ref_location.rsplit('/').next().and_then(|name| schemas.get(name)).cloned(),
        RefOr::T(_) => None,
    }
    .unwrap_or(schema)
}

fn complete(path: &str, method: &HttpMethod, operation: &mut Operation) {
    let open = matches!(path, "/livez" | "/readyz" | "/v1");
    if !open {
        let mut common = COMMON.to_vec();
        if path.contains('{') {
            common.push(NOT_FOUND);
        }
        if operation.request_body.is_some() {
            common.extend_from_slice(WITH_BODY);
        }
        for (status, description) in common {
            let responses = &mut operation.responses.responses;
            responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem(description)));
        }
    }
    let versioned = *method == HttpMethod::Get
        && !path.ends_with("/export")
        && !path.ends_with("/map")
        && !path.ends_with("/recommendations")
        && (path.contains("/versions/") || has_parameter(operation, "version"));
    if versioned {
        let response = ResponseBuilder::new().description("The answer is the one that `if-none-match` names").build();
        operation.responses.responses.insert("304".to_owned(), RefOr::T(response));
    }
    if operation.operation_id.as_deref().is_some_and(|id| FOR_PAGES.contains(&id)) {
        let schemes = ["bearer", "key", "page_key"].map(|name| SecurityRequirement::new(name, [""; 0]));
        operation.security = Some([&schemes[..], &[SecurityRequirement::default()]].concat());
    }
    let reads = path.contains("{model}")
        && (*method == HttpMethod::Get || path.ends_with("/recommendations") || path.ends_with("/embeddings"));
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else {
            continue;
        };
        if let Some(RefOr::T(block)) = response.content.get_mut("application/octet-stream") {
            block.schema = Some(bytes());
        }
        let mut header = |name: &str, description: &str, kind: Type| {
            let schema = ObjectBuilder::new().schema_type(SchemaType::new(kind)).build();
            let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description));
            response.headers.insert(name.to_owned(), RefOr::T(header.build()));
        };
        header("x-request-id", "The request's id: the caller's, or one that was made", Type::String);
        if versioned && matches!(status.as_str(), "200" | "304") {
            header("etag", "Names this answer; there when a version answered, or was asked about", Type::String);
        }
        if reads && status.starts_with('2') {
            header("shelfmark-position", "Position of the state that answered", Type::Integer);
            header("shelfmark-version", "Number of the version that answered, or `live`", Type::String);
        }
        if matches!(status.as_str(), "429" | "503") {
            header("retry-after", "Seconds to wait before the next try", Type::Integer);
        }
    }
}

fn has_parameter(operation: &Operation, name: &str) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == name))
}

/// Gives parameters that are text what all of them have in common, where they have no form of their own: they are not
/// empty, and have no control characters.
fn bound_texts(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        let RefOr::T(parameter) = parameter else { continue };
        let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema else { continue };
        let is_text = match &schema.schema_type {
            SchemaType::Type(kind) => *kind == Type::String,
            SchemaType::Array(kinds) => kinds.contains(&Type::String),
            SchemaType::AnyValue => false,
        };
        if is_text && schema.pattern.is_none() && schema.format.is_none() && schema.enum_values.is_none() {
            schema.min_length = Some(1);
            schema.pattern = Some(NO_CONTROL_CHARACTERS.to_owned());
        }
    }
}

/// Bytes, of which the derived schema says a list of numbers.
fn bytes() -> RefOr<openapi::schema::Schema> {
    let bytes = ObjectBuilder::new()
        .schema_type(SchemaType::new(Type::String))
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Binary)));
    RefOr::T(bytes.build().into())
}

fn problem(description: &str) -> openapi::Response {
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .example(None::<serde_json::Value>.or_else(|| {
            Some(json!({
                "type": "/docs#invalid", "title": "A value breaks its rule", "status": 422, "code": "invalid",
                "detail": "limit: must be 1 to 1000, is 0", "request_id": "0193",
                "errors": [{"field": "limit", "code": "out_of_range", "detail": "must be 1 to 1000, is 0"}]
            }))
            .filter(|_| description.starts_with("Readable"))
        }))
        .build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
