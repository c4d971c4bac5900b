//! What customers promises to those who read it.

use headwater::testing::writes_golden;
use shop_customers::Money;
use shop_customers::customer::CustomerEvent;
use std::path::Path;

headwater::schema_lock!(CustomerEvent);

#[test]
fn events_look_as_their_readers_know_them() {
    use CustomerEvent::*;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let amount: Money = "12.34".parse().unwrap();
    writes_golden(
        &folder,
        [
            CustomerCreated { name: "Ann".into(), credit_limit: amount },
            CreditReserved { order: "o1".into(), amount },
            CreditLimitExceeded { order: "o1".into() },
            CustomerNotFound { order: "o1".into() },
            CreditReleased { order: "o1".into(), amount },
            GoodsReturned { reference: "r1".into(), amount, released: amount },
        ],
    );
}
