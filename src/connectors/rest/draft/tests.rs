//! Drafts of small documents, and what is left to fill in.

use serde_json::{Value, json};

use super::*;
use crate::connectors::rest::{ConnectorFile, lint};

fn document() -> Value {
    let page = |row: &str| {
        json!({ "200": { "description": "", "content": { "application/json": { "schema": {
            "type": "object", "properties": {
                "total": { "type": "integer" },
                "data": { "type": "array", "items": { "$ref": format!("#/components/schemas/{row}") } },
            } } } } } })
    };
    let query = |names: &[&str]| {
        let one = |name: &&str| json!({ "name": name, "in": "query", "schema": { "type": "integer" } });
        Value::from(names.iter().map(one).collect::<Vec<_>>())
    };
    json!({
        "openapi": "3.0.3", "info": { "title": "x", "version": "1" },
        "servers": [{ "url": "https://api.gadget.example/v2" }],
        "components": {
            "securitySchemes": { "k": { "type": "apiKey", "in": "header", "name": "X-Api-Key" } },
            "schemas": {
                "Client": { "allOf": [{ "$ref": "#/components/schemas/Named" }, { "properties": {
                    "isActive": { "type": "boolean" }, "phone": { "type": ["string", "null"] },
                    "address": { "type": "object", "properties": { "zip": { "type": "string" }, "city": { "type": "string" } } },
                } }] },
                "Named": { "properties": { "id": { "type": "integer" }, "name": { "type": "string" } } },
                "Item": { "properties": { "uuid": { "type": "string" }, "title": { "type": "string" },
                    "sku": { "type": "string" }, "unitPrice": { "type": "number" }, "cost": { "type": "string" } } },
                "Sub": { "properties": { "id": { "type": "string" }, "item": { "type": "object", "properties": { "id": { "type": "string" } } },
                    "qty": { "type": "number" }, "price": { "type": "number" },
                    "startDate": { "type": "string", "format": "date" }, "endDate": { "type": "string", "format": "date-time" } } },
            },
        },
        "paths": {
            "/clients": { "get": { "parameters": query(&["page", "per_page"]), "responses": page("Client") }, "post": {} },
            "/clients/{clientId}": { "get": {}, "patch": {} },
            "/clients/{clientId}/subscriptions": { "get": { "responses": page("Sub") } },
            "/items": { "get": { "parameters": query(&["offset", "limit"]), "responses": page("Item") } },
            "/tickets": { "get": { "responses": page("Named") } },
        },
    })
}

fn faults(text: &str) -> Vec<String> {
    let file = ConnectorFile { name: "draft.toml".to_owned(), text: text.to_owned() };
    lint(&file).err().unwrap_or_default().iter().map(ToString::to_string).collect()
}

#[test]
fn a_draft_holds_what_the_document_says_and_marks_every_guess() {
    let text = draft("Gadget", &document().to_string()).unwrap();
    for part in [
        "url = { kind = \"url\", example = \"https://api.gadget.example/v2\" }",
        "auth    = { kind = \"header\", name = \"X-Api-Key\", value = \"{key}\" } # check",
        "get     = \"/clients\"\nrecords = \"data\"\npage    = { kind = \"number\", page = \"page\", first = 1, size = { param = \"per_page\", value = 100 } } # check",
        "[entity.customer.get]\nget = \"/clients/{id}\"",
        "[entity.customer.create]\npost  = \"/clients\" # check",
        "[entity.customer.update]\npatch = \"/clients/{id}\"\nstyle = \"merge\" # check",
        "postcode = { at = \"address.zip\" } # check",
        "status = { at = \"isActive\", codec = { kind = \"enum\", map = { Active = true, Inactive = false } } } # check",
        "id = \"uuid\"",
        "cost = { at = \"cost\", codec = { kind = \"decimal\", wire = \"string\" } } # check",
        "parent = \"customer\" # check: one list below each customer",
        "get     = \"/clients/{customer}/subscriptions\"",
        "product = { at = \"item.id\" } # check",
        "cancelled = { at = \"endDate\", codec = { kind = \"date\", format = \"rfc3339\" } } # check",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
    // of a line the document knows no cost: the one thing that a person has to fill in
    let found = faults(&text);
    assert!(found.len() == 1 && found[0].contains("entity.line.fields.cost.at: path ``"), "{found:?}\n{text}");
    let filled = text.replacen("cost = { at = \"\"", "cost = { at = \"unitCost\"", 1);
    assert_eq!(faults(&filled), [""; 0], "{filled}");
}

#[test]
fn every_way_of_being_let_in_and_of_paging_can_be_used_once_filled_in() {
    let schemes = [
        (json!({ "type": "http", "scheme": "bearer" }), "kind = \"bearer\""),
        (json!({ "type": "http", "scheme": "Basic" }), "kind = \"basic\""),
        (json!({ "type": "apiKey", "in": "query", "name": "key" }), "kind = \"query\""),
        (
            json!({ "type": "oauth2", "flows": { "clientCredentials": { "tokenUrl": "https://id.gadget.example/t" } } }),
            "token = \"https://id.gadget.example/t\"",
        ),
        (json!({ "type": "oauth2", "flows": {} }), "token = \"{url}/oauth/token\""),
        (json!({ "type": "mutualTLS" }), "kind = \"none\""),
    ];
    for (scheme, expected) in schemes {
        let mut document = document();
        document["components"]["securitySchemes"]["k"] = scheme;
        let text = draft("Gadget", &document.to_string()).unwrap().replacen("at = \"\"", "at = \"x\"", 1);
        assert!(text.contains(expected), "{expected}\n{text}");
        assert_eq!(faults(&text), [""; 0], "{text}");
    }
    for (names, expected) in [
        (&["cursor", "limit"][..], "kind = \"cursor\", next = \"\""),
        (&["filter"][..], "kind = \"none\", at_most = 1000"),
        (&["skip", "$top"][..], "kind = \"offset\", offset = \"skip\", size = { param = \"$top\""),
    ] {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        assert!(paged(&names).contains(expected), "{expected}");
    }
}

#[test]
fn what_is_no_document_is_refused_and_odd_ones_give_less() {
    for (text, expected) in [
        ("openapi: 3.0.0", "is not JSON"),
        ("{}", "is no OpenAPI document"),
        ("[1]", "is no OpenAPI document"),
        (r#"{"openapi": "3.0.0", "paths": []}"#, "is no OpenAPI document"),
    ] {
        assert!(draft("x", text).unwrap_err().contains(expected), "{text}");
    }
    let text = draft(
        "x",
        r##"{"swagger": "2.0", "host": "h.example", "basePath": "/v1/", "paths":
        {"/customers": {"get": {"responses": {"200": {"schema": {"$ref": "#/definitions/C"}}}}}},
        "definitions": {"C": {"$ref": "#/definitions/C"}}}"##,
    )
    .unwrap();
    assert!(text.contains("example = \"https://h.example/v1\"") && text.contains("made of /customers"), "{text}");
    assert!(text.contains("no list looks like one of products") && text.contains("no list looks like one of lines"));
}
