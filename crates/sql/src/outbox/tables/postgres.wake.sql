-- Wakes relays that sleep. While they are awake nobody is notified: a commit that notifies waits for
-- every other commit that does.
create or replace function headwater_outbox_wake() returns trigger language plpgsql
    set search_path from current as $wake$
begin
    if exists (select 1 from headwater_outbox_relay where asleep = 1) then
        perform pg_notify('headwater_outbox', '');
    end if;
    return null;
end
$wake$;
drop trigger if exists headwater_outbox_wake on {table};
create trigger headwater_outbox_wake after insert on {table}
    for each statement execute function headwater_outbox_wake();
