//! What comes out: a line for each judge, with what it must say and what it said.

use std::fmt;

#[derive(Debug, Default)]
pub(crate) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    judge: String,
    must_say: String,
    said: Result<String, String>,
}

impl Table {
    /// `said` is an error when it is not what the judge must say.
    pub(crate) fn add(
        &mut self,
        judge: impl Into<String>,
        must_say: impl Into<String>,
        said: Result<String, String>,
    ) {
        self.0.push(Row { judge: judge.into(), must_say: must_say.into(), said });
    }

    pub(crate) fn is_content(&self) -> bool {
        self.0.iter().all(|row| row.said.is_ok())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = |text: fn(&Row) -> &str| self.0.iter().map(|row| text(row).len()).max().unwrap_or(0);
        let (judges, musts) = (widest(|row| &row.judge), widest(|row| &row.must_say));
        writeln!(f, "     {:judges$}  {:musts$}  it said", "judge", "it must say")?;
        for Row { judge, must_say, said } in &self.0 {
            let (verdict, said) = match said {
                Ok(said) => ("ok", said),
                Err(said) => ("FAIL", said),
            };
            writeln!(f, "{verdict:4} {judge:judges$}  {must_say:musts$}  {said}")?;
        }
        Ok(())
    }
}
