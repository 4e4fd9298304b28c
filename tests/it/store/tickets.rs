//! Tickets for renewals: one for a subscription and the end of its term, on both databases.

use trueup::store::{NewTicket, StoreError, TicketChange, TicketState};

use crate::support::database::Database;

pub(super) async fn a_renewal_has_one_ticket_and_a_state_changes_only_from_the_one_it_was_read_in(database: &Database) {
    let (store, lease, run) = database.running().await;
    let new = |term_end: &str, summary: &'static str| NewTicket {
        connector: "psa",
        subscription: "s1",
        term_end: term_end.parse().unwrap(),
        key: "k",
        company: "1",
        summary,
        body: "text",
        who: "ada",
    };
    let mut tx = lease.begin(run).await.unwrap();
    for (term_end, summary) in [("2026-05-31", "first"), ("2026-05-31", "again"), ("2027-05-31", "next")] {
        tx.propose_ticket(&new(term_end, summary)).await.unwrap();
    }
    tx.commit().await.unwrap();
    let all = store.list_tickets("psa").await.unwrap();
    let told: Vec<_> = all.iter().map(|ticket| (ticket.summary.as_str(), ticket.state)).collect();
    assert_eq!(told, [("again", TicketState::Proposed), ("next", TicketState::Proposed)]);
    assert_eq!(store.list_tickets("other").await.unwrap(), []);
    // the database itself allows no second one
    let second = database
        .execute(
            "insert into ticket (connector, subscription, term_end, ticket_key, company, summary, body, state, who, run_id,
                                 created_at, changed_at)
             select connector, subscription, term_end, 'other', company, summary, body, state, who, run_id, created_at,
                    changed_at
             from ticket",
        )
        .await;
    assert!(second.is_err(), "two tickets for one renewal");
    let to = |state, number| TicketChange { state, number, said: Some("so"), journal: None, who: "bea" };
    let mut tx = lease.begin(run).await.unwrap();
    let changed = tx.change_ticket(&all[0], &to(TicketState::Recorded, Some("77"))).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(changed, store.list_tickets("psa").await.unwrap()[0], "what is answered is what is kept");
    let mut tx = lease.begin(run).await.unwrap();
    let stale = tx.change_ticket(&all[0], &to(TicketState::Approved, None)).await.unwrap_err();
    assert!(matches!(stale, StoreError::RowsAffected { table: "ticket", .. }), "{stale}");
    drop(tx);
    let mut tx = lease.begin(run).await.unwrap();
    tx.propose_ticket(&new("2026-05-31", "late")).await.unwrap();
    tx.commit().await.unwrap();
    let ticket = store.list_tickets("psa").await.unwrap().swap_remove(0);
    assert_eq!(
        (ticket.summary.as_str(), ticket.state, ticket.number.as_deref(), ticket.who.as_str()),
        ("again", TicketState::Recorded, Some("77"), "bea"),
        "what was made keeps its words"
    );
}
