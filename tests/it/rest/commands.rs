//! The commands of people who write connector files: a file in words, rows as decoded, a draft.

use super::{Asked, Server, customers_file, ok};
use crate::support::hermetic::{Place, Ran, golden};

/// Runs a command while the servers of the test go on answering.
async fn run(place: &std::sync::Arc<Place>, line: String) -> Ran {
    let place = std::sync::Arc::clone(place);
    tokio::task::spawn_blocking(move || place.run(&line)).await.unwrap()
}

fn file() -> String {
    customers_file(
        "auth = { kind = \"bearer\", token = \"{key}\" }",
        "get = \"/clients\"\nrecords = \"items\"\npage = { kind = \"none\", at_most = 50 }",
    )
    .replace("[http]", "key = { kind = \"secret\" }\n[http]")
        + "city = { at = \"address.town\" }\nstatus = { at = \"state\", codec = { kind = \"enum\", map = { Active = \"A\" } } }\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_shown_as_decoded_with_what_could_not_be_read() {
    let server = Server::start(|asked: &Asked| {
        assert_eq!(asked.headers["authorization"], "Bearer s3cr3t-canary");
        ok(r#"{"items":[{"id":1,"name":"Contoso","state":"A","address":{"city":"Ulm"}},
            {"id":2,"name":"s3cr3t-canary Ltd","state":"A"},
            {"id":3,"name":"Fabrikam","state":"s3cr3t-canary"},{"name":"no id"}]}"#)
    })
    .await;
    let place = Place::new().set("ACME_KEY", "s3cr3t-canary");
    place.write("acme.toml", &file());
    let place = std::sync::Arc::new(place);
    let line = format!("connectors try acme.toml list customers --set url={} --env key=ACME_KEY --rows 2", server.url);
    let ran = run(&place, line.clone()).await.ended(8);
    let text = ran.transcript().replace(&server.url, "<server>");
    assert!(!ran.stderr.contains("canary"), "{text}");
    golden!("cli", "try_list", text);
    assert_eq!(server.log(), ["/clients"]);
    // a wrong entity, a setting without a value, a variable that is not set
    for (line, expected) in [
        (line.replace("customers", "custmers"), "the file has no entity `custmers`, did you mean `customer`?"),
        ("connectors try acme.toml list customers".to_owned(), "the setting `key` has no value"),
        (line.replace("ACME_KEY", "NOT_SET"), "the variable NOT_SET for `key` is not set"),
        (format!("{line} --connection psa"), "psa"),
        (line.replace("--env key=ACME_KEY", "--set key=s"), "`key` is a secret, which no command line should hold"),
    ] {
        let ran = run(&place, line).await.ended(2);
        assert!(ran.stderr.contains(expected), "{}", ran.transcript());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_of_the_one_connection_through_a_file_are_taken_and_others_come_before_them() {
    let server = Server::start(|asked: &Asked| {
        let name = asked.headers["authorization"].to_str().unwrap().to_owned();
        ok(format_args!(r#"{{"items":[{{"id":1,"name":"as {name}","state":"A"}}]}}"#))
    })
    .await;
    let place = Place::new().set("KEY", "configured").set("OTHER", "given");
    place.write("acme.toml", &file());
    place.write(
        "trueup.toml",
        &format!(
            "[store]\nurl = \"sqlite:trueup.db\"\n[connectors.psa]\nkind = \"rest\"\nside = \"psa\"\nfile = \"other.toml\"\n\
             [connectors.psa.settings]\nurl = \"{}\"\nkey = {{ env = \"KEY\" }}\n",
            server.url
        ),
    );
    let place = std::sync::Arc::new(place);
    // what secrets say is never shown, so the length of the name tells which it was
    for (line, shown) in [("", "as Bearer configured"), (" --connection psa --env key=OTHER", "as Bearer given")] {
        let ran = run(&place, format!("connectors try acme.toml list customer --format json{line}")).await.ended(0);
        assert!(ran.stdout.contains(shown), "{}", ran.transcript());
    }
}

#[test]
fn a_file_is_put_into_words_and_a_draft_out_of_a_document() {
    let place = Place::new();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/connectors/acme-psa.toml");
    let said = place.run(&format!("connectors describe {sample}")).ended(0).stdout.replace(sample, "acme-psa.toml");
    golden!("cli", "describe_file", said);
    let said = place.run("connectors describe builtin:connectwise").ended(0).stdout;
    assert!(said.contains("list, read one, create, change, change from a day on"), "{said}");
    for (what, expected) in
        [("builtin:other", "is not shipped"), ("absent.toml", "cannot be read"), ("pex8", "no kind")]
    {
        let ran = place.run(&format!("connectors describe {what}"));
        assert!(ran.stderr.contains(expected) && ran.status != Some(0), "{}", ran.transcript());
    }
    place.write("bad.toml", "schema = 1\n");
    assert!(place.run("connectors describe bad.toml").ended(2).stderr.contains("missing field"));

    place.write("openapi.json", r#"{"openapi":"3.0.0","paths":{"/customers":{"get":{}}}}"#);
    let drafted = place.run("connectors new \"Acme PSA\" --from openapi.json").ended(0).stdout;
    assert!(drafted.contains("name   = \"Acme PSA\"") && drafted.contains("get     = \"/customers\""), "{drafted}");
    place.write("odd.json", "openapi: 3");
    assert!(place.run("connectors new Acme --from odd.json").stderr.contains("convert YAML to JSON first"));
    let schema = place.run("connectors schema").ended(0).stdout;
    assert_eq!(schema, trueup::connectors::rest::schema());
}
