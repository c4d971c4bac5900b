-- Every customer, in the order of their creation (rowid). Amounts are whole pence.
create table customers (
    id           text    not null primary key,
    name         text    not null,
    credit_limit integer not null,
    reserved     integer not null check (reserved between 0 and credit_limit)
);
