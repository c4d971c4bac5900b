//! Sagas as they were.

use crate::{LoadError, LoadedSaga, Saga, Service};
use headwater_model::AsOf;

impl Service {
    /// An instance of a saga as it was at this moment, folded from the steps that it had taken.
    ///
    /// # Errors
    /// [`LoadError`] if its past cannot be read.
    pub async fn load_saga_at<S: Saga>(
        &self,
        id: &S::Id,
        at: AsOf,
    ) -> Result<LoadedSaga<S::State>, LoadError> {
        let own = self.own().await?;
        crate::saga::past::load::<S>(&*own, id, at).await
    }
}
