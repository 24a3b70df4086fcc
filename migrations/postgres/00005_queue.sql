-- +goose Up
-- who works on a suggestion, until when; a lease that is over counts for nothing
alter table suggestions add column claimed_by text collate "C" not null default '';
alter table suggestions add column claimed_until bigint;
-- a suggestion that is put aside comes back by itself
alter table suggestions add column parked_until bigint;

-- what an undo restores, and whether one has
alter table decisions add column until_at bigint;
alter table decisions add column before_it text collate "C";
alter table decisions add column undone bigint not null default 0;

-- the words of titles and statements: letters and digits alone, one space between
create table suggestion_texts (
    suggestion_id text collate "C" primary key references suggestions (id),
    words         text collate "C" not null,
    search        tsvector generated always as (to_tsvector('simple', words)) stored
);
create index suggestion_texts_search on suggestion_texts using gin (search);
insert into suggestion_texts (suggestion_id, words)
select id, lower(regexp_replace(concat_ws(' ', current::json ->> 'title', current::json ->> 'statement'), '[^[:alnum:]]+', ' ', 'g'))
from suggestions;

create table saved_views (
    id         text collate "C" primary key,
    user_id    text collate "C" not null references users (id),
    name       text collate "C" not null,
    name_key   text collate "C" not null,
    query      text collate "C" not null,
    created_at bigint not null,
    unique (user_id, name_key)
);

-- +goose Down
drop table saved_views;
drop table suggestion_texts;
alter table decisions drop column undone;
alter table decisions drop column before_it;
alter table decisions drop column until_at;
alter table suggestions drop column parked_until;
alter table suggestions drop column claimed_until;
alter table suggestions drop column claimed_by;
