-- +goose Up
-- the draft that added what a language model found to the architecture
alter table threat_models add column extended_by text not null default '';
-- the run from which the tries count, since a draft can be resumed
alter table drafts add column first_run integer not null default 1;
-- the question in whose answer a language model gave the item
alter table draft_items add column group_key text not null default '';
-- the language model that had a part in the proposal, and with which prompt
alter table suggestions add column llm_model text not null default '';
alter table suggestions add column llm_prompt text not null default '';

-- questions to a language model that a run need not ask again
create table draft_groups (
    draft_id   text not null references drafts (id),
    group_key  text not null,
    checkpoint text not null,
    primary key (draft_id, group_key)
);

create table llm_calls (
    id             text primary key,
    draft_id       text not null references drafts (id),
    project_id     text not null references projects (id),
    run            integer not null,
    task           text not null,
    prompt_version text not null,
    prompt_hash    text not null,
    provider       text not null,
    model          text not null,
    attempt        integer not null,
    tokens_in      integer not null,
    tokens_cached  integer not null,
    tokens_out     integer not null,
    estimated      integer not null,
    cost_micro_usd integer not null,
    priced         integer not null,
    first_token    integer not null,
    total          integer not null,
    finish         text not null,
    failure        text not null,
    started_at     integer not null,
    ended_at       integer
);
create index llm_calls_draft on llm_calls (draft_id, id);
create index llm_calls_project on llm_calls (project_id, started_at);
create index llm_calls_started on llm_calls (started_at);

-- +goose Down
drop table llm_calls;
drop table draft_groups;
alter table suggestions drop column llm_prompt;
alter table suggestions drop column llm_model;
alter table draft_items drop column group_key;
alter table drafts drop column first_run;
alter table threat_models drop column extended_by;
