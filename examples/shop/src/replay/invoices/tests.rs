//! Rows become invoices, and what cannot be read is refused.

use super::*;

const HEADER: &str =
    "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn book(rows: &[(&str, &str, &str, &str)]) -> Result<Book, BookError> {
    let mut text = HEADER.to_owned();
    for (invoice, quantity, price, customer) in rows {
        text += &format!("{invoice},S,\"A, B\",{quantity},2010-12-01,{price},{customer},UK\n");
    }
    Book::read(text.as_bytes())
}

fn pence(pence: i64) -> Money {
    Money::from_pence(pence).unwrap()
}

#[test]
fn an_invoice_is_all_rows_with_its_number_in_the_order_of_its_first() {
    let book = book(&[
        ("1", "2.0", "1.505", "7.0"),
        ("2", "1.0", "3.00", "8.0"),
        ("1", "1.0", "0.001", "7.0"),
    ]);
    let invoices = book.unwrap().invoices;
    let seen: Vec<_> = invoices.iter().map(|i| (&*i.number, &*i.customer, i.deed)).collect();
    assert_eq!(seen, [("1", "7", Deed::Order(pence(301))), ("2", "8", Deed::Order(pence(300)))]);
}

#[test]
fn rows_without_a_customer_are_counted_and_skipped() {
    let book = book(&[("1", "1", "1", ""), ("1", "1", "1", "NA"), ("1", "1", "5", "7")]).unwrap();
    assert_eq!(book.rows_skipped, 2);
    assert_eq!(book.invoices[0].deed, Deed::Order(pence(500)));
}

#[test]
fn returns_orders_and_the_rest_are_told_apart() {
    let book = book(&[
        ("C1", "-1", "2.50", "7"),
        ("2", "1", "0", "7"),
        ("3", "-1", "2.50", "7"),
        ("C4", "1", "2.50", "7"),
        ("C5", "0", "2.50", "7"),
    ]);
    let deeds: Vec<_> = book.unwrap().invoices.iter().map(|invoice| invoice.deed).collect();
    use Deed::*;
    assert_eq!(deeds, [Return(pence(250)), Nothing, Nothing, Return(pence(250)), Nothing]);
}

#[test]
fn customers_are_met_in_order_and_keep_the_order_of_their_invoices() {
    let book = book(&[("1", "1", "1", "8"), ("2", "1", "1", "7"), ("3", "1", "1", "8")]).unwrap();
    let customers = book.by_customer();
    let seen: Vec<(&str, Vec<&str>)> = customers
        .iter()
        .map(|(customer, invoices)| (*customer, invoices.iter().map(|i| &*i.number).collect()))
        .collect();
    assert_eq!(seen, [("8", vec!["1", "3"]), ("7", vec!["2"])]);
}

#[test]
fn what_cannot_be_read_is_refused_with_its_line() {
    let refused = book(&[("1", "1", "1", "7"), ("2", "many", "1", "7")]).unwrap_err();
    assert_eq!(refused.to_string(), "invoice 2, near line 3: quantity \"many\" is not usable");
    assert!(matches!(
        book(&[("1", "1", "1", "7"), ("1", "1", "1", "8")]),
        Err(BookError::TwoCustomers { line: 3, .. })
    ));
    assert!(matches!(
        book(&[("1", "9000000", "9000000", "7")]),
        Err(BookError::Figure { what: "total", .. })
    ));
    assert!(Book::read("a,b\n1,2\n".as_bytes()).is_err(), "the columns are missing");
}
