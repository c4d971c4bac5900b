extern crate headwater_framework as headwater;
use headwater::prelude::*;

#[derive(StreamId)]
struct Unnamed(String);

#[derive(StreamId)]
#[stream("order-item")]
struct Dashed(String);

#[derive(StreamId)]
#[stream("order")]
struct Number(u64);

fn main() {}
