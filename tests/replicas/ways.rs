//! What nginx wrote of the way of each request: whom it tried, and who answered.

use crate::steps::Steps;

/// One request at the edge or at the balancer.
pub(crate) struct Way {
    port: String,
    is_post: bool,
    status: u16,
    tries: Vec<Try>,
}

struct Try {
    address: String,
    was_sent: bool,
    was_answered: bool,
}

impl Way {
    /// A line in the format `way` of `parts/nginx.conf`.
    pub(crate) fn read(line: &str) -> Self {
        let [port, method, status, addresses, sent, received] =
            line.split('|').collect::<Vec<_>>().try_into().expect("six fields");
        let some = |bytes: &str| !matches!(bytes, "0" | "-");
        let tries = addresses.split(", ").zip(sent.split(", ")).zip(received.split(", "));
        let tries = tries.map(|((address, sent), received)| Try {
            address: address.to_owned(),
            was_sent: some(sent),
            was_answered: some(received),
        });
        Self {
            port: port.to_owned(),
            is_post: method == "POST",
            status: status.parse().unwrap(),
            tries: tries.collect(),
        }
    }

    /// Into the table, by the names of those who were tried.
    pub(crate) fn count(&self, steps: &Steps, name: impl Fn(&str) -> String) {
        let (last, earlier) = self.tries.split_last().expect("somebody was tried");
        let by =
            if last.was_answered { format!("{} said", name(&last.address)) } else { "it said".to_owned() };
        let place = name(&self.port);
        if self.status >= 502 {
            steps.count(&format!("{place}: {by} {}", self.status));
        } else {
            steps.count(&format!("{place}: answered by {}", name(&last.address)));
        }
        for tried in earlier {
            let (tried, how) =
                (name(&tried.address), if tried.was_sent { "no answer from" } else { "nobody at" });
            steps.count(&format!("{place}: moved on, {how} {tried}"));
        }
    }

    /// What must never be: it may have been done twice.
    pub(crate) fn is_post_sent_twice(&self) -> bool {
        self.is_post && self.tries.iter().filter(|tried| tried.was_sent).count() > 1
    }
}
