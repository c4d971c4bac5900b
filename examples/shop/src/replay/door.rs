//! The shop's door, as a customer's browser sees it: HTTP, JSON, keys and tokens.
//!
//! Why: the replay may use nothing that a stranger could not: what it proves is proved of the
//! shop's own interface. Its shapes are its own, like every reader's.
//! Invariant: every POST carries a key, a fresh one if none is given, so a request is asked again
//! without being done again.

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use shop_money::{Amount, Money};
use std::time::Duration;
use uuid::Uuid;

/// A service that is starting, draining or behind says 503, one that is being started again says
/// nothing; so often we come back.
const ATTEMPT_COUNT_MAX: u32 = 40;

/// Between attempts; together about half a minute, longer than any restart.
const PAUSE: Duration = Duration::from_millis(750);

/// Longer than the door waits for anything.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// The header that names the place of what was done.
const POSITION_HEADER: &str = "headwater-position";

/// The gateway, and a client for it.
#[derive(Clone, Debug)]
pub struct Door {
    base: String,
    client: Client,
}

/// What went wrong at the door.
#[derive(Debug, thiserror::Error)]
pub enum DoorError {
    /// An answer that was not expected.
    #[error("{method} {path} was answered with {status}: {body}")]
    Refused {
        /// What was asked.
        method: Method,
        /// Of what.
        path: String,
        /// The status.
        status: StatusCode,
        /// What it said.
        body: String,
    },
    /// An answer without the token that every command's answer carries.
    #[error("the answer to {path} has no {POSITION_HEADER} header")]
    NoPosition {
        /// What was asked.
        path: String,
    },
    /// No answer.
    #[error("no answer from the shop: {0}")]
    Network(#[from] reqwest::Error),
    /// An answer that is not what it should be.
    #[error("the answer to {path} cannot be read: {why}")]
    Unreadable {
        /// What was asked.
        path: String,
        /// What does not fit.
        why: serde_json::Error,
    },
}

/// An order, as it is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OrderState {
    /// Nobody has decided yet.
    Pending,
    /// Within the limit.
    Approved,
    /// Not.
    Cancelled,
}

struct Answered {
    path: String,
    position: Option<String>,
    body: Vec<u8>,
}

impl Door {
    /// The door at `base`, `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// The client's, if the system gives it no sockets.
    pub fn at(base: impl Into<String>) -> Result<Self, DoorError> {
        let client = Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?;
        Ok(Self { base: base.into(), client })
    }

    /// A new customer's id; the same for the same key.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn new_customer(
        &self,
        key: Option<&str>,
        name: &str,
        credit_limit: Money,
    ) -> Result<String, DoorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            customer_id: String,
        }
        let body = json!({ "name": name, "creditLimit": Amount::from(credit_limit) });
        let created: Created = self.post("/customers", key, &body).await?.read()?;
        Ok(created.customer_id)
    }

    /// A new order's id and the token of its creation; the same for the same key.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn new_order(
        &self,
        key: Option<&str>,
        customer: &str,
        total: Money,
    ) -> Result<(String, String), DoorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Created {
            order_id: String,
        }
        let body = json!({ "customerId": customer, "orderTotal": Amount::from(total) });
        let answered = self.post("/orders", key, &body).await?;
        let path = answered.path.clone();
        let position = answered.position.clone().ok_or(DoorError::NoPosition { path })?;
        Ok((answered.read::<Created>()?.order_id, position))
    }

    /// Where an order stands, once it is decided or the service has waited long enough.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn order(&self, order: &str, after: &str) -> Result<OrderState, DoorError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Shown {
            order_state: OrderState,
        }
        let shown: Shown =
            self.get(&format!("/orders/{order}?after={after}&until=decided")).await?.read()?;
        Ok(shown.order_state)
    }

    /// What a return released; the same for the same reference.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn give_back(
        &self,
        key: Option<&str>,
        customer: &str,
        amount: Money,
        reference: &str,
    ) -> Result<Money, DoorError> {
        #[derive(Deserialize)]
        struct Released {
            released: Amount,
        }
        let body = json!({ "amount": amount, "reference": reference });
        let path = format!("/customers/{customer}/returns");
        let released: Released = self.post(&path, key, &body).await?.read()?;
        Ok(released.released.amount)
    }

    /// Cancels an approved order.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn cancel(&self, key: Option<&str>, order: &str) -> Result<(), DoorError> {
        self.post(&format!("/orders/{order}/cancel"), key, &json!({})).await.map(drop)
    }

    /// Any other page of the shop, as JSON.
    ///
    /// # Errors
    /// [`DoorError`].
    pub async fn page(&self, path: &str) -> Result<Value, DoorError> {
        self.get(path).await?.read()
    }

    /// A page that is put together of what several services say, once all of them have spoken.
    ///
    /// # Errors
    /// [`DoorError`]. A service that stays silent is named in the page.
    pub async fn whole_page(&self, path: &str) -> Result<Value, DoorError> {
        for _ in 1..ATTEMPT_COUNT_MAX {
            let page = self.page(path).await?;
            if page["unavailable"].is_null() {
                return Ok(page);
            }
            tokio::time::sleep(PAUSE).await;
        }
        self.page(path).await
    }

    async fn post(
        &self,
        path: &str,
        key: Option<&str>,
        body: &Value,
    ) -> Result<Answered, DoorError> {
        let fresh = key.is_none().then(|| Uuid::now_v7().to_string());
        let key = key.or(fresh.as_deref()).unwrap_or_default();
        let request = || self.request(Method::POST, path).header("idempotency-key", key).json(body);
        self.ask(Method::POST, path, request).await
    }

    async fn get(&self, path: &str) -> Result<Answered, DoorError> {
        self.ask(Method::GET, path, || self.request(Method::GET, path)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base))
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Answered, DoorError> {
        for _ in 1..ATTEMPT_COUNT_MAX {
            if let Ok((status, answered)) = once(path, request()).await
                && status != StatusCode::SERVICE_UNAVAILABLE
            {
                return answered.expect_success(method, status);
            }
            tokio::time::sleep(PAUSE).await;
        }
        let (status, answered) = once(path, request()).await?;
        answered.expect_success(method, status)
    }
}

async fn once(
    path: &str,
    request: RequestBuilder,
) -> Result<(StatusCode, Answered), reqwest::Error> {
    let response = request.send().await?;
    let status = response.status();
    let position = response.headers().get(POSITION_HEADER);
    let position = position.and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = response.bytes().await?.to_vec();
    Ok((status, Answered { path: path.to_owned(), position, body }))
}

impl Answered {
    fn expect_success(self, method: Method, status: StatusCode) -> Result<Self, DoorError> {
        if status.is_success() {
            return Ok(self);
        }
        let body = String::from_utf8_lossy(&self.body).into_owned();
        Err(DoorError::Refused { method, path: self.path, status, body })
    }

    fn read<T: DeserializeOwned>(self) -> Result<T, DoorError> {
        let Self { path, body, .. } = self;
        serde_json::from_slice(&body).map_err(|why| DoorError::Unreadable { path, why })
    }
}
