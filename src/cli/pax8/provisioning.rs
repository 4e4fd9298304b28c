//! What a product demands before it is ordered or changed: its commitments, and answers to its questions.
//!
//! Keeps the invariant that an answer Pax8 lists words for is one of them, verbatim, before a person is asked to send it.

use serde_json::{Map, Value};

use crate::cli::context::Context;
use crate::cli::error::CommandError;
use crate::cli::pax8::options::{one, refused};
use crate::core::renewals::months;
use crate::engine::pax8::{
    Ask, BillingTerm, CommitmentTerm, Extent, Filled, Invalid, Provision, Query, Record, Remote, RemoteId,
};

/// One commitment a product offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Commitment {
    pub(super) id: String,
    pub(super) term: String,
    pub(super) allows_increase: Option<bool>,
    pub(super) allows_decrease: Option<bool>,
    pub(super) allows_early_end: Option<bool>,
    pub(super) has_fee: Option<bool>,
}

impl Commitment {
    fn of(part: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
        let flag = |name: &str| part.get(name).and_then(Value::as_bool);
        Some(Self {
            id: text("id")?,
            term: text("term").unwrap_or_default(),
            allows_increase: flag("allowForQuantityIncrease"),
            allows_decrease: flag("allowForQuantityDecrease"),
            allows_early_end: flag("allowForEarlyCancellation"),
            has_fee: flag("cancellationFeeApplied"),
        })
    }

    /// Whether it is meant by a word: its id, or its term in any spelling.
    fn is_meant(&self, word: &str) -> bool {
        let same_term = match (CommitmentTerm::of(word), CommitmentTerm::of(&self.term)) {
            (CommitmentTerm::Months(wanted), CommitmentTerm::Months(offered)) => wanted == offered,
            (wanted, _) => wanted == CommitmentTerm::Other(self.term.as_str().into()),
        };
        same_term || self.id.eq_ignore_ascii_case(word)
    }
}

/// The commitments a product offers.
pub(super) fn offered(dependencies: &Record) -> Vec<Commitment> {
    dependencies.parts("commitmentDependencies").into_iter().filter_map(Commitment::of).collect()
}

/// The commitment of a line: by its term or its id. None where the product demands none and none was named.
pub(super) async fn commitment(
    remote: &Remote,
    place: &str,
    product: &Record,
    (word, billed): (Option<&str>, &BillingTerm),
) -> Result<Option<Commitment>, CommandError> {
    if word.is_none() && product.flag("requiresCommitment") != Some(true) {
        return Ok(None);
    }
    let id = RemoteId::new("id", product.id().unwrap_or_default())?;
    let offered = offered(&one(remote, &Ask::Dependencies { product: id }).await?);
    chosen(&format!("{place} commitment"), word, billed, &offered).map(Some)
}

fn chosen(
    field: &str,
    word: Option<&str>,
    billed: &BillingTerm,
    offered: &[Commitment],
) -> Result<Commitment, CommandError> {
    let terms: Vec<&str> = offered.iter().map(|one| one.term.as_str()).collect();
    let listed = if terms.is_empty() { "none, the product offers no commitment".to_owned() } else { terms.join(", ") };
    let wrong = |what: String| Invalid { field: field.to_owned(), what };
    let Some(word) = word else {
        return Err(wrong(format!("the product demands one; expected {listed}")).into());
    };
    let meant: Vec<&Commitment> = offered.iter().filter(|one| one.is_meant(word)).collect();
    let [one] = meant.as_slice() else {
        if meant.is_empty() {
            return Err(refused(wrong(format!("expected {listed}; found {word}")), word, &terms));
        }
        let ids: Vec<&str> = meant.iter().map(|one| one.id.as_str()).collect();
        return Err(wrong(format!("{word} is offered more than once; name one by its id: {}", ids.join(", "))).into());
    };
    if let (CommitmentTerm::Months(bound), Some(between)) = (CommitmentTerm::of(&one.term), months(billed.as_str()))
        && bound < between
    {
        let (term, billed) = (&one.term, billed.as_str());
        return Err(
            wrong(format!("{term} is shorter than the billing term {billed}; expected at least as long")).into()
        );
    }
    Ok((*one).clone())
}

/// A question of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Question {
    key: String,
    label: String,
    /// The words it takes; none where any text will do.
    words: Vec<String>,
    takes_several: bool,
}

/// The questions of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Questions(Vec<Question>);

impl Questions {
    /// Asks for them.
    pub(super) async fn of(context: &Context, remote: &Remote, product: &RemoteId) -> Result<Self, CommandError> {
        let ask = Ask::ProvisionDetails { product: product.clone() };
        let answer = remote.ask(&ask, &Query::default(), Extent::All, &*context.ui).await?;
        let question = |detail: &Record| {
            let words = detail.value("possibleValues").and_then(Value::as_array).into_iter().flatten();
            Some(Question {
                key: detail.text("key")?,
                label: detail.text("label").unwrap_or_default(),
                words: words.filter_map(Value::as_str).map(str::to_owned).collect(),
                takes_several: detail.text("valueType").is_some_and(|kind| kind.eq_ignore_ascii_case("multi-value")),
            })
        };
        Ok(Self(answer.records.iter().filter_map(question).collect()))
    }

    /// Answers as Pax8 takes them, or what is wrong with them.
    pub(super) fn answered<'a>(
        &self,
        place: &str,
        given: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Vec<Provision>, CommandError> {
        let mut answers: Vec<Provision> = Vec::new();
        let keys: Vec<&str> = self.0.iter().map(|question| question.key.as_str()).collect();
        for (key, value) in given {
            let field = format!("{place} detail.{key}");
            let wrong = |what: String| Invalid { field: field.clone(), what };
            let Some(question) = self.0.iter().find(|question| question.key == key) else {
                let asked = if keys.is_empty() { "no details".to_owned() } else { keys.join(", ") };
                return Err(refused(wrong(format!("the product does not ask this; it asks {asked}")), key, &keys));
            };
            let value = if question.words.is_empty() {
                value.to_owned()
            } else {
                let words: Vec<&str> = question.words.iter().map(String::as_str).collect();
                let known = words.iter().find(|word| word.eq_ignore_ascii_case(value.trim()));
                let quoted = words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
                let known = known.ok_or_else(|| {
                    refused(wrong(format!("expected one of the words {quoted}; found `{value}`")), value, &words)
                })?;
                (*known).to_owned()
            };
            match answers.iter_mut().find(|answer| answer.key.as_str() == key) {
                Some(answer) if question.takes_several => answer.values.push(value),
                Some(_) => return Err(wrong("is answered twice and takes one answer".to_owned()).into()),
                None => answers.push(Provision { key: Filled::new(&field, key)?, values: vec![value] }),
            }
        }
        Ok(answers)
    }

    /// The questions that answers leave open. Pax8 does not say which it insists on.
    pub(super) fn open(&self, answers: &[Provision]) -> Vec<String> {
        let is_open = |question: &&Question| answers.iter().all(|answer| answer.key.as_str() != question.key);
        let told = |question: &Question| match question.label.as_str() {
            "" => question.key.clone(),
            label => format!("{} ({label})", question.key),
        };
        self.0.iter().filter(is_open).map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(id: &str, term: &str) -> Commitment {
        let (id, term) = (id.to_owned(), term.to_owned());
        Commitment { id, term, allows_increase: None, allows_decrease: None, allows_early_end: None, has_fee: None }
    }

    #[test]
    fn a_commitment_is_chosen_by_its_term_or_its_id_and_never_guessed() {
        let offered = [one("c-1", "1-Year"), one("c-2", "1-Year"), one("c-3", "3-Year"), one("c-4", "Monthly")];
        let choose = |word, billed| {
            chosen("line 1 commitment", word, &billed, &offered).map(|one| one.id).map_err(|e| e.to_string())
        };
        for (word, id) in [("3 year", "c-3"), ("monthly", "c-4"), ("C-2", "c-2")] {
            assert_eq!(choose(Some(word), BillingTerm::Monthly).unwrap(), id, "{word}");
        }
        for (word, billed, said) in [
            (Some("1-Year"), BillingTerm::Monthly, "1-Year is offered more than once; name one by its id: c-1, c-2"),
            (Some("2-Year"), BillingTerm::Monthly, "expected 1-Year, 1-Year, 3-Year, Monthly; found 2-Year"),
            (None, BillingTerm::Monthly, "the product demands one; expected 1-Year, 1-Year, 3-Year, Monthly"),
            (
                Some("monthly"),
                BillingTerm::Annual,
                "Monthly is shorter than the billing term Annual; expected at least as long",
            ),
        ] {
            assert_eq!(choose(word, billed).unwrap_err(), format!("line 1 commitment: {said}"));
        }
    }

    #[test]
    fn an_answer_is_one_of_the_words_verbatim() {
        let question = |key: &str, words: &[&str], takes_several| Question {
            key: key.to_owned(),
            label: format!("the {key}"),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            takes_several,
        };
        let questions = Questions(vec![
            question("msDomain", &[], false),
            question("msCustExists", &["Yes, it does", "No"], false),
            question("days", &["Mo", "Tu"], true),
        ]);
        let given = |pairs: &[(&'static str, &'static str)]| {
            questions.answered("line 1", pairs.iter().copied()).map_err(|error| error.to_string())
        };
        let answers = given(&[("msCustExists", "yes, it does"), ("days", "mo"), ("days", "Tu")]).unwrap();
        let values: Vec<_> = answers.iter().map(|answer| (answer.key.as_str(), answer.values.join("|"))).collect();
        assert_eq!(values, [("msCustExists", "Yes, it does".to_owned()), ("days", "Mo|Tu".to_owned())]);
        assert_eq!(questions.open(&answers), ["msDomain (the msDomain)"]);
        for (pairs, said) in [
            (
                vec![("msCustExists", "Yes")],
                "line 1 detail.msCustExists: expected one of the words `Yes, it does`, `No`; found `Yes`",
            ),
            (
                vec![("msDomian", "x")],
                "line 1 detail.msDomian: the product does not ask this; it asks msDomain, msCustExists, days",
            ),
            (
                vec![("msDomain", "x"), ("msDomain", "y")],
                "line 1 detail.msDomain: is answered twice and takes one answer",
            ),
        ] {
            assert_eq!(given(&pairs).unwrap_err(), said);
        }
    }
}
