-- Every order, in the order of their creation (rowid).
create table orders (
    id       text not null primary key,
    customer text not null,
    total    text not null,
    state    text not null check (state in ('PENDING', 'APPROVED', 'CANCELLED')),
    reason   text
);
create index orders_of_customer on orders (customer);
