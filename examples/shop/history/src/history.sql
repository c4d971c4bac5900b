-- Customers and orders as two services publish them; neither waits for the other.
create table customers (
    id           text not null primary key,
    name         text not null,
    credit_limit text not null
);
create table orders (
    id       text not null primary key,
    customer text not null,
    total    text not null,
    state    text not null,
    reason   text
);
create index orders_of_customer on orders (customer);
