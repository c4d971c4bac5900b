//! Given/rows for projections.

use super::block_on;
use crate::projection::view::{Side, View};
use crate::{Database, Failed, Projection, ReadModel, Recorded};

/// A projection into an empty read model of `database`.
pub fn projection<P: Projection>(projection: P, database: P::Database) -> Projected<P> {
    Projected { view: View::new(projection, database), count: 0 }
}

/// A projection and what it has seen.
pub struct Projected<P: Projection> {
    view: View<P>,
    count: u64,
}

impl<P: Projection> Projected<P> {
    /// Applies these inputs, all of stream `test-1`.
    ///
    /// # Panics
    /// If one cannot be applied.
    #[track_caller]
    #[must_use]
    pub fn given(self, inputs: impl IntoIterator<Item = P::Input>) -> Self {
        self.given_in("test-1", inputs)
    }

    /// Applies these inputs of this stream.
    ///
    /// # Panics
    /// If one cannot be applied.
    #[track_caller]
    #[must_use]
    pub fn given_in(mut self, stream: &str, inputs: impl IntoIterator<Item = P::Input>) -> Self {
        let (first, inputs) = (self.count, inputs.into_iter());
        let inputs: Vec<_> = (first..)
            .zip(inputs)
            .map(|(n, input)| Recorded::new(input, super::envelope(stream, "Test", n)))
            .collect();
        self.count += inputs.len() as u64;
        if let Err(failed) = block_on(self.apply(&inputs)) {
            panic!("{} could not be filled: {failed}", P::NAME);
        }
        self
    }

    async fn apply(&self, inputs: &[Recorded<P::Input>]) -> Result<(), Failed> {
        let name = View::<P>::model(1);
        self.view.look().await?; // so that queries know where it is
        let mut slot = self.view.half(Side::Live).lock().await;
        let mut model = match slot.take() {
            Some((_, model)) => model,
            None => self.view.database.open(name).await?,
        };
        model.begin().await?;
        for input in inputs {
            self.view.projection.apply(model.tx(), input).await?;
        }
        model.commit().await?;
        *slot = Some((name.generation, model));
        Ok(())
    }

    /// A reader of what it has filled.
    ///
    /// # Panics
    /// If the database does not answer.
    #[track_caller]
    pub fn reader(&self) -> <P::Database as Database>::Reader {
        match block_on(self.view.reader()) {
            Ok(reader) => reader,
            Err(failed) => panic!("{} cannot be read: {failed}", P::NAME),
        }
    }

    /// The rows that a query finds, one text each, columns joined by `|`.
    ///
    /// # Panics
    /// If the query fails.
    #[track_caller]
    pub fn rows(&self, query: &str) -> Vec<String>
    where
        <P::Database as Database>::Reader: QueryRows,
    {
        match self.reader().query_rows(query) {
            Ok(rows) => rows,
            Err(failed) => panic!("{query}: {failed}"),
        }
    }
}

/// A reader that can show rows as text. For tests.
pub trait QueryRows {
    /// The rows that a query finds, one text each, columns joined by `|`, null as nothing.
    ///
    /// # Errors
    /// A query that the database does not take.
    fn query_rows(&self, query: &str) -> Result<Vec<String>, Failed>;
}
