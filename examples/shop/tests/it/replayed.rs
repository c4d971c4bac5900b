//! The replay over HTTP and a store on disk, compared with the oracle.

use crate::oracle::expected;
use headwater::prelude::*;
use shop::replay::{Book, Figures, TIME_LIMIT, replay};
use shop::{Flow, Money, Ports, Shop, ShopSettings};
use std::path::Path;

/// Opens a shop over this directory, replays, and closes it again.
async fn replay_in(data: &Path, flow: Flow, book: &Book, limit: Money) -> Figures {
    let store = Store::open(&format!("file:{}", data.join("store").display())).await.unwrap();
    let settings = ShopSettings {
        ports: Ports::ANY,
        time_limit: TIME_LIMIT,
        flow,
        ..ShopSettings::in_directory(data.join("views"))
    };
    let shop = Shop::open(&settings, &store).await.unwrap();
    let figures = replay(book, limit, &format!("http://{}", shop.gateway()), &store).await;
    shop.close().await;
    figures.unwrap()
}

fn assert_as_expected(figures: &Figures, book: &Book, limit: Money) {
    let (tally, outstanding) = expected(book, limit);
    let exact = Figures {
        seconds: figures.seconds,
        orders_per_second: figures.orders_per_second,
        rows_skipped: book.rows_skipped,
        invoices: book.invoices.len() as u64,
        customers: book.by_customer().len() as u64,
        approved: tally.approved,
        cancelled: tally.cancelled,
        returns: tally.returns,
        skipped_invoices: tally.skipped_invoices,
        sum_approved: tally.sum_approved,
        sum_cancelled: tally.sum_cancelled,
        sum_released: tally.sum_released,
        outstanding,
    };
    assert_eq!(*figures, exact, "limit {limit}");
}

/// A replay again over the same data finds everything done; one with another limit is another
/// replay, beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_right_for_any_limit_fresh_and_again() {
    let book = Book::open(&crate::fixture()).unwrap();
    for flow in [Flow::Choreographed, Flow::Orchestrated] {
        let data = tempfile::tempdir().unwrap();
        for limit in ["0.01", "1000", "1000", "50", "1000000", "50"] {
            let limit: Money = limit.parse().unwrap();
            let figures = replay_in(data.path(), flow, &book, limit).await;
            assert_as_expected(&figures, &book, limit);
        }
    }
}

/// The whole year, for who has the file: `SHOP_INVOICES=online-retail.csv.gz`.
#[tokio::test(flavor = "multi_thread")]
async fn the_whole_year_comes_out_right() {
    let Some(file) = std::env::var_os("SHOP_INVOICES") else { return };
    let book = Book::open(Path::new(&file)).unwrap();
    for flow in [Flow::Choreographed, Flow::Orchestrated] {
        let data = tempfile::tempdir().unwrap();
        for limit in ["1000", "1000", "100"] {
            let limit: Money = limit.parse().unwrap();
            let figures = replay_in(data.path(), flow, &book, limit).await;
            assert_as_expected(&figures, &book, limit);
        }
    }
}
