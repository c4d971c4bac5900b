//! Stores by URL.

use headwater::prelude::*;
use headwater::{OpenError, StartError};

#[tokio::test]
async fn a_url_names_its_store_or_says_what_to_write() {
    assert!(Store::open("memory:").await.is_ok());
    for url in ["", "file:", "./data", "memory:x", "nats://somewhere"] {
        let error = Store::open(url).await.map(drop).unwrap_err();
        assert_eq!(error, OpenError::Scheme { url: url.into() });
        assert_eq!(error.code(), "store.url");
        let start = StartError::from(error);
        assert!(start.to_string().contains("file:./.headwater"), "{start}");
    }
    let error = Store::open("headwater://127.0.0.1:2113").await.map(drop).unwrap_err();
    assert_eq!(error.code(), "store.no_client");
    assert!(StartError::from(error).to_string().contains("no client"));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a file");
    std::fs::write(&file, "").unwrap();
    let error = Store::open(&format!("file:{}", file.display())).await.map(drop).unwrap_err();
    assert!(matches!(error, OpenError::Store { .. }), "{error}");
}
