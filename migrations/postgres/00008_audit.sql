-- +goose Up
create index events_at on events (at, project_id, seq);
create index events_actor on events (actor_id, at, project_id, seq);

-- +goose StatementBegin
create function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% are append-only', tg_table_name;
end
$$;
-- +goose StatementEnd

create trigger events_kept before update or delete on events for each row execute function refuse_change();
create trigger events_kept_whole before truncate on events for each statement execute function refuse_change();

create trigger decisions_kept_from_update
before update of id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at, until_at, before_it on decisions
for each row execute function refuse_change();
-- the mark of an undone decision is the one thing that is ever added to it
create trigger decisions_undone_once before update of undone on decisions
for each row when (not (old.undone = 0 and new.undone = 1)) execute function refuse_change();
create trigger decisions_kept_from_delete before delete on decisions for each row execute function refuse_change();
create trigger decisions_kept_whole before truncate on decisions for each statement execute function refuse_change();

-- +goose Down
drop trigger decisions_kept_whole on decisions;
drop trigger decisions_kept_from_delete on decisions;
drop trigger decisions_undone_once on decisions;
drop trigger decisions_kept_from_update on decisions;
drop trigger events_kept_whole on events;
drop trigger events_kept on events;
drop function refuse_change();
drop index events_actor;
drop index events_at;
