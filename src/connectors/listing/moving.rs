//! A listing in memory that moves while it is read, for the tests of whatever reads one.

use std::collections::BTreeSet;

use chrono::NaiveDate;

/// A listing that people work on while it is read: rows come at any place, go, and are sorted anew.
pub(in crate::connectors) struct Moving {
    pub(in crate::connectors) rows: Vec<(String, NaiveDate)>,
    pub(in crate::connectors) all_the_while: BTreeSet<String>,
    /// Rows that stay keep their order.
    pub(in crate::connectors) keeps_order: bool,
    made: u32,
    today: NaiveDate,
    random: u64,
    quiet: u64,
}

impl Moving {
    /// Of up to 60 rows; the same seed, the same story.
    pub(in crate::connectors) fn from_seed(seed: u64) -> Self {
        let first = "2026-03-01".parse::<NaiveDate>().unwrap();
        let mut moving = Self {
            rows: Vec::new(),
            all_the_while: BTreeSet::new(),
            keeps_order: false,
            made: 0,
            today: first + chrono::Days::new(30),
            random: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1,
            // From a rush to an afternoon.
            quiet: [9, 30, 120, 600][usize::try_from(seed % 4).unwrap()],
        };
        for number in 0..moving.next(60) {
            let day = first + chrono::Days::new(number / 3);
            moving.rows.push((format!("o{number}"), day));
        }
        moving.all_the_while = moving.rows.iter().map(|(id, _)| id.clone()).collect();
        moving
    }

    pub(in crate::connectors) fn next(&mut self, below: u64) -> u64 {
        // A small generator of its own: the same seed, the same day.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn place(&mut self) -> usize {
        let len = u64::try_from(self.rows.len()).unwrap();
        usize::try_from(self.next(len)).unwrap()
    }

    fn arrive(&mut self) {
        self.made += 1;
        // Zones differ: a row of today may say yesterday.
        let day = if self.next(2) == 0 { self.today } else { self.today - chrono::Days::new(1) };
        let (at, row) = (self.place(), (format!("r{}", self.made), day));
        self.rows.insert(at, row);
    }

    fn go(&mut self) {
        if !self.rows.is_empty() {
            let at = self.place();
            let gone = self.rows.remove(at);
            self.all_the_while.remove(&gone.0);
        }
    }

    /// What happens before a page is served: mostly nothing, often both at once, so that the total stays.
    pub(in crate::connectors) fn live(&mut self) {
        let quiet = self.quiet;
        match self.next(quiet) {
            0 => self.arrive(),
            1 => self.go(),
            2..=4 => {
                self.arrive();
                self.go();
            }
            5 if !self.keeps_order => {
                let (from, to) = (self.place(), self.place());
                if !self.rows.is_empty() {
                    self.rows.swap(from, to);
                }
            }
            6 if !self.keeps_order => self.rows.reverse(),
            _ => {}
        }
    }
}
