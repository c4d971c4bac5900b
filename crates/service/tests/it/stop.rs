//! Starting and stopping: what is at hand is finished, nothing new is begun.

use crate::{anywhere, client, started};
use headwater_service::http::{Routes, get};
use headwater_service::{Services, Site, StartError};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// A deployment cut the requests off that were at hand, and their clients saw broken connections.
#[tokio::test]
async fn a_request_at_hand_is_answered_while_the_service_stops() {
    let (begun, may_end) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (entered, leave) = (Arc::clone(&begun), Arc::clone(&may_end));
    let slow = async move || {
        entered.add_permits(1);
        leave.acquire().await.unwrap().forget();
        "done"
    };
    let site = started(Routes::new().add(get("/slow", slow))).await;
    let (url, address) = (site.url("/slow"), site.address());
    let request = tokio::spawn(async move { client().get(url).send().await.unwrap().text().await });
    begun.acquire().await.unwrap().forget();
    let stopping = tokio::spawn(site.stop());
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await; // until the door is closed
    }
    assert!(!stopping.is_finished(), "it waits for the request");
    may_end.add_permits(1);
    assert_eq!(request.await.unwrap().unwrap(), "done");
    stopping.await.unwrap();
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_the_others_are_stopped() {
    let first = started(Routes::new()).await;
    let taken = first.address();
    let free = Site::new("free", anywhere(), Routes::new());
    let second = Site::new("second", taken, Routes::new());
    let error = Services::of([free, second]).start().await.unwrap_err();
    assert_eq!(error.code(), "service.listen");
    assert!(matches!(error, StartError::Listen { listen, .. } if listen == taken), "{error}");
    first.stop().await;
}
