-- +goose Up
create index events_at on events (at, project_id, seq);
create index events_actor on events (actor_id, at, project_id, seq);

-- +goose StatementBegin
create trigger events_kept_from_update before update on events
begin
    select raise(abort, 'events are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger events_kept_from_delete before delete on events
begin
    select raise(abort, 'events are append-only');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger decisions_kept_from_update
before update of id, suggestion_id, kind, reason, text, diff, into_id, actor_id, at, until_at, before_it on decisions
begin
    select raise(abort, 'decisions are append-only');
end;
-- +goose StatementEnd

-- the mark of an undone decision is the one thing that is ever added to it
-- +goose StatementBegin
create trigger decisions_undone_once before update of undone on decisions
when not (old.undone = 0 and new.undone = 1)
begin
    select raise(abort, 'decisions are undone once');
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger decisions_kept_from_delete before delete on decisions
begin
    select raise(abort, 'decisions are append-only');
end;
-- +goose StatementEnd

-- +goose Down
drop trigger decisions_kept_from_delete;
drop trigger decisions_undone_once;
drop trigger decisions_kept_from_update;
drop trigger events_kept_from_delete;
drop trigger events_kept_from_update;
drop index events_actor;
drop index events_at;
