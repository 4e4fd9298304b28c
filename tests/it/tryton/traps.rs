//! What surprises a reader of Tryton's REST interface, each shown on the server itself, with what the shipped file makes of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde_json::{Value, json};
use trueup::connectors::error::ErrorKind;
use trueup::connectors::{PsaConnector as _, Unwatched, Watch, Way};

use super::server::{Tryton, day, decimal, encoded};

/// A page of parties: rows from a place on, in an order.
async fn page(tryton: &Tryton, from: &str, order: &str) -> Vec<Value> {
    tryton.get("party.party", &[("p", from), ("s", "2"), ("o", order)]).await.column("id")
}

async fn five_parties(tryton: &Tryton) {
    for (code, name) in [("1a", "Elm"), ("2a", "Dune"), ("3a", "Creek"), ("4a", "Birch")] {
        tryton.party(name, code).await;
    }
}

#[tokio::test]
async fn a_range_ends_before_its_last_record_and_past_the_end_there_is_none() {
    let tryton = Tryton::start().await;
    five_parties(&tryton).await;
    let asked = async |range: &str| tryton.rest_with(Method::GET, "party.party", &[], None, &[("Range", range)]).await;
    let three = asked("records=0-3").await;
    assert_eq!((three.column("id").len(), three.range.as_deref()), (3, Some("records 0-3/5")));
    let past = asked("records=5-8").await;
    assert_eq!((past.status, past.kind.as_str()), (416, "text/html; charset=utf-8"));
    assert_eq!(tryton.get("party.party", &[("p", "5"), ("s", "3")]).await.taken(), json!([]), "counted pages just end");
}

#[tokio::test]
async fn rows_move_between_pages_in_the_order_of_names_and_not_in_the_order_of_ids() {
    let tryton = Tryton::start().await;
    five_parties(&tryton).await;
    let names: Vec<Value> = tryton.get("party.party", &[("f", "name")]).await.column("name");
    assert_eq!(names, ["Birch", "Creek", "Dune", "Elm", "Our MSP"], "the order where none is asked for");
    for (order, moves) in [(json!([["name", "ASC"]]), true), (json!([["id", "ASC"]]), false)] {
        let order = encoded(&order);
        let first = page(&tryton, "0", &order).await;
        tryton.party(&format!("Aspen {moves}"), &format!("{moves}")).await;
        let second = page(&tryton, "2", &order).await;
        assert_eq!(first.iter().any(|id| second.contains(id)), moves, "{first:?} {second:?}");
    }
}

/// Makes a party as soon as the first page was read, that is before the second is asked for.
struct Meanwhile {
    tryton: Arc<Tryton>,
    done: AtomicBool,
}

impl Watch for Meanwhile {
    fn progress(&self, _what: &str, records: u64, _way: Way) {
        if records > 0 && !self.done.swap(true, Ordering::Relaxed) {
            let make = async {
                self.tryton.party("Aspen", "0a").await;
            };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(make));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_party_made_while_the_list_is_read_moves_no_other() {
    let tryton = Arc::new(Tryton::start().await);
    five_parties(&tryton).await;
    for (replaced, whole) in
        [(("value = 100", "value = 2"), true), (("[[\"id\", \"ASC\"]]", "[[\"name\", \"ASC\"]]"), false)]
    {
        let before = tryton.asked("GET /erp/rest/model/party.party?");
        let watch = Meanwhile { tryton: Arc::clone(&tryton), done: AtomicBool::new(false) };
        let rest = tryton.connected(&[("value = 100", "value = 2"), replaced][usize::from(whole)..]);
        let pulled = rest.customers(&watch).await.unwrap();
        let found: Vec<String> = pulled.records().iter().map(|customer| customer.id.to_string()).collect();
        let all: Vec<String> =
            tryton.every("party.party", &["id"]).await.iter().map(|row| row["id"].to_string()).collect();
        let pages = tryton.asked("GET /erp/rest/model/party.party?") - before;
        if whole {
            assert_eq!((found, pages), (all, 8), "3 pages and the empty one that ends them, until two readings agree");
            tryton.rest(Method::DELETE, "party.party/6", &[], None).await;
        } else {
            assert!(pages > 8, "in the order of names a row comes twice, and the list is read again: {pages}");
        }
    }
}

#[tokio::test]
async fn what_a_person_may_mend_is_said_as_json_and_all_other_refusals_as_html() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let unknown = [("f", "nosuch")];
    let wrong_key = [("Authorization", "Bearer wrong")];
    let none = json!({});
    for (answer, status, kind) in [
        (tryton.post("party.party", json!({ "name": "Twin", "code": "0012" })).await, 400, "application/json"),
        (tryton.rest_with(Method::GET, "party.party", &[], None, &wrong_key).await, 401, "text/html; charset=utf-8"),
        (tryton.post(&format!("party.party/{harbour}/close"), none).await, 403, "text/html; charset=utf-8"),
        (tryton.get("party.party/999", &[]).await, 404, "text/html; charset=utf-8"),
        (tryton.get("party.party", &unknown).await, 500, "text/html; charset=utf-8"),
        (tryton.get("party.nosuch", &[]).await, 500, "text/html; charset=utf-8"),
    ] {
        assert_eq!((answer.status, answer.kind.as_str()), (status, kind), "{answer:?}");
        assert_eq!(answer.text.starts_with("<!doctype html>"), status != 400, "{answer:?}");
    }
    let refused = tryton.connected_with("wrong", &[]).customers(&Unwatched).await.unwrap_err();
    assert!(matches!(refused.kind, ErrorKind::Auth(_)), "{refused}");
    assert!(!refused.to_string().contains('<'), "{refused}");
}

#[tokio::test]
async fn a_field_or_model_the_server_does_not_know_is_a_mistake_in_the_file_and_not_tried_again() {
    let tryton = Tryton::start().await;
    for (from, to) in [("\"phone\", \"website\"", "\"phon\", \"website\""), ("\"/party.party\"", "\"/party.partie\"")] {
        let rest = tryton.connected(&[(from, to)]);
        let before = tryton.asked(" 500 ");
        let refused = rest.customers(&Unwatched).await.unwrap_err();
        assert!(matches!(refused.kind, ErrorKind::Rejected { .. }), "{refused}");
        assert_eq!(tryton.asked(" 500 "), before + 1);
        let lines = rest.check(&Unwatched).await;
        let customers = lines.iter().find(|line| line.what == "list customer").unwrap();
        let failed = &customers.outcome.as_ref().unwrap_err().what;
        assert!(failed.contains("refused") && failed.contains("check the query in the connector file"), "{failed}");
    }
}

#[tokio::test]
async fn archived_records_are_in_no_list_that_does_not_ask_for_them_and_are_pulled_all_the_same() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let archived = tryton.put(&format!("party.party/{harbour}"), json!({ "active": false })).await.taken();
    assert_eq!(archived["id"], json!(harbour));
    let coded = encoded(&json!([["code", "=", "0012"]]));
    assert_eq!(tryton.get("party.party", &[("d", &coded)]).await.taken(), json!([]));
    let both = encoded(&json!([["active", "in", [true, false]], ["code", "=", "0012"]]));
    assert_eq!(tryton.get("party.party", &[("d", &both)]).await.column("id"), [json!(harbour)]);
    assert_eq!(tryton.get(&format!("party.party/{harbour}"), &[]).await.status, 200, "asked for by its id it is there");
    let pulled = tryton.connected(&[]).customers(&Unwatched).await.unwrap();
    let states: Vec<_> = pulled.records().iter().map(|customer| customer.fields.status.as_deref()).collect();
    assert_eq!(states, [Some("Active"), Some("Inactive")]);
}

#[tokio::test]
async fn a_truth_is_read_back_as_a_number() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let asked = [("f", "active")];
    assert_eq!(tryton.get(&format!("party.party/{harbour}"), &asked).await.taken()["active"], json!(1));
    let sent = Some(json!({ "active": false }));
    let answer = tryton.rest(Method::PUT, &format!("party.party/{harbour}"), &asked, sent).await;
    assert_eq!(answer.taken()["active"], json!(0));
}

#[tokio::test]
async fn names_keep_their_blanks_and_codes_their_noughts() {
    let tryton = Tryton::start().await;
    tryton.party("  Two  blanks ", "0012").await;
    tryton.party("Twelve", " 12 ").await;
    tryton.article(" Seat ", "007", "1", "1").await;
    let rest = tryton.connected(&[]);
    let customers = rest.customers(&Unwatched).await.unwrap();
    let found: Vec<_> = customers.records()[1..]
        .iter()
        .map(|customer| (customer.fields.name.as_str(), customer.fields.code.as_deref().unwrap()))
        .collect();
    assert_eq!(found, [("  Two  blanks ", "0012"), ("Twelve", "12")], "blanks around a code are not kept");
    let products = rest.products(&Unwatched).await.unwrap();
    assert_eq!(products.records()[0].fields.sku.as_deref(), Some("007"));
}

#[tokio::test]
async fn amounts_and_dates_are_objects_with_a_name_of_their_kind_and_quantities_are_numbers() {
    let tryton = Tryton::start().await;
    let harbour = tryton.party("Harbour", "0012").await;
    let seat = tryton.product("Seat", "SEAT", "22.10", "7").await;
    tryton.running(harbour, "2026-02-28", json!({}), vec![super::seed::line(seat, 3, "22.10", json!({}))]).await;
    let fields =
        [("f", "unit_price"), ("f", "start_date"), ("f", "end_date"), ("f", "quantity"), ("f", "service.product")];
    let line = &tryton.get("sale.subscription.line", &fields).await.taken()[0];
    assert_eq!((&line["unit_price"], &line["start_date"]), (&decimal("22.10"), &day("2026-02-28")));
    assert_eq!((&line["end_date"], line["quantity"].to_string().as_str()), (&Value::Null, "3.0"));
    assert_eq!(line["service"]["product"], json!(seat.product), "a path is an object in an object, its end an id");
    let price = tryton
        .get(&format!("product.product/{}", seat.product), &[("f", "list_price"), ("f", "list_price_used")])
        .await
        .taken();
    assert_eq!((&price["list_price"], &price["list_price_used"]), (&Value::Null, &decimal("22.10")));
    let without = [("X-Tryton-Context", "e30=")];
    let asked = [("f", "cost_price")];
    let cost =
        tryton.rest_with(Method::GET, &format!("product.product/{}", seat.product), &asked, None, &without).await;
    assert_eq!(cost.taken()["cost_price"], Value::Null, "a cost belongs to a company");
}
