extern crate headwater_framework as headwater;
use headwater::prelude::*;

#[derive(Refusal, Debug)]
enum WithoutReason {
    Unknown,
}

#[derive(Refusal, Debug)]
enum NoSuchKind {
    #[refusal(missing, "there is no such order")]
    Unknown,
}

fn main() {}
