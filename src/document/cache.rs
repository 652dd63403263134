//! Clients whose documents were fetched, for as long as those say.

use std::collections::HashMap;
use std::sync::Arc;

use crate::artifact::Client;
use crate::clock::{Seconds, Timestamp};

/// So many are kept; the one that was fetched first goes first.
const MOST: usize = 1_000;
/// A person needs longer than no time at all for the question that is asked with it.
const SHORTEST: Seconds = Seconds(60);
const LONGEST: Seconds = Seconds(86_400);

#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: HashMap<String, Kept>,
    fetches: u64,
}

#[derive(Debug)]
struct Kept {
    client: Arc<Client>,
    until: Timestamp,
    /// Which fetch it came by.
    fetch: u64,
}

impl Cache {
    pub(super) fn find(&self, url: &str, now: Timestamp) -> Option<&Arc<Client>> {
        self.kept.get(url).filter(|kept| now < kept.until).map(|kept| &kept.client)
    }

    /// Keeps a client in place of what was known of it.
    pub(super) fn keep(&mut self, url: &str, client: Client, fresh: Option<Seconds>, now: Timestamp) {
        self.fetches += 1;
        let until = now + fresh.unwrap_or(SHORTEST).clamp(SHORTEST, LONGEST);
        self.kept.insert(url.to_owned(), Kept { client: Arc::new(client), until, fetch: self.fetches });
        if self.kept.len() > MOST {
            self.make_room();
        }
    }

    fn make_room(&mut self) {
        let first = self.kept.iter().min_by_key(|(_, kept)| kept.fetch).map(|(url, _)| url.clone());
        if let Some(url) = first {
            self.kept.remove(&url);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::DocumentUrl;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn url(number: usize) -> String {
        format!("https://app.example/{number}")
    }

    fn keep(cache: &mut Cache, number: usize, fresh: Option<i64>) {
        let client = DocumentUrl::try_from(url(number).as_str()).unwrap().unread();
        cache.keep(&url(number), client, fresh.map(Seconds), NOW);
    }

    // CIMD-17
    #[test]
    fn a_document_is_kept_as_long_as_its_server_says_within_bounds() {
        let mut cache = Cache::default();
        for (fresh, kept) in [
            (None, 60),
            (Some(-5), 60),
            (Some(0), 60),
            (Some(59), 60),
            (Some(61), 61),
            (Some(3_600), 3_600),
            (Some(86_401), 86_400),
            (Some(i64::MAX), 86_400),
        ] {
            keep(&mut cache, 1, fresh);
            assert!(cache.find(&url(1), NOW + Seconds(kept - 1)).is_some(), "{fresh:?}");
            assert!(cache.find(&url(1), NOW + Seconds(kept)).is_none(), "{fresh:?}");
        }
    }

    // CIMD-17, T20
    #[test]
    fn a_flood_of_documents_pushes_out_those_that_were_fetched_first() {
        let mut cache = Cache::default();
        (0..MOST).for_each(|number| keep(&mut cache, number, Some(3_600)));
        // Fetched anew, so the second is the oldest now.
        keep(&mut cache, 0, Some(3_600));
        (MOST..MOST + 10).for_each(|number| keep(&mut cache, number, Some(3_600)));
        assert_eq!(cache.kept.len(), MOST);
        for (number, kept) in [(0, true), (1, false), (10, false), (11, true), (MOST + 9, true)] {
            assert_eq!(cache.find(&url(number), NOW).is_some(), kept, "{number}");
        }
    }
}
