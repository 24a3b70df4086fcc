-- +goose Up
-- the draft that added what a language model found to the architecture
alter table threat_models add column extended_by text collate "C" not null default '';
-- the run from which the tries count, since a draft can be resumed
alter table drafts add column first_run bigint not null default 1;
-- the question in whose answer a language model gave the item
alter table draft_items add column group_key text collate "C" not null default '';
-- the language model that had a part in the proposal, and with which prompt
alter table suggestions add column llm_model text collate "C" not null default '';
alter table suggestions add column llm_prompt text collate "C" not null default '';

-- questions to a language model that a run need not ask again
create table draft_groups (
    draft_id   text collate "C" not null references drafts (id),
    group_key  text collate "C" not null,
    checkpoint text collate "C" not null,
    primary key (draft_id, group_key)
);

create table llm_calls (
    id             text collate "C" primary key,
    draft_id       text collate "C" not null references drafts (id),
    project_id     text collate "C" not null references projects (id),
    run            bigint not null,
    task           text collate "C" not null,
    prompt_version text collate "C" not null,
    prompt_hash    text collate "C" not null,
    provider       text collate "C" not null,
    model          text collate "C" not null,
    attempt        bigint not null,
    tokens_in      bigint not null,
    tokens_cached  bigint not null,
    tokens_out     bigint not null,
    estimated      bigint not null,
    cost_micro_usd bigint not null,
    priced         bigint not null,
    first_token    bigint not null,
    total          bigint not null,
    finish         text collate "C" not null,
    failure        text collate "C" not null,
    started_at     bigint not null,
    ended_at       bigint
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
