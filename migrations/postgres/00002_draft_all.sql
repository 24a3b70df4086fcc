-- +goose Up
-- 1: the draft queues what the ceiling of the design would hold back.
alter table drafts add column all_proposals bigint not null default 0;

-- +goose Down
alter table drafts drop column all_proposals;
