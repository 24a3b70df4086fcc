-- +goose Up
-- who works on a suggestion, until when; a lease that is over counts for nothing
alter table suggestions add column claimed_by text not null default '';
alter table suggestions add column claimed_until integer;
-- a suggestion that is put aside comes back by itself
alter table suggestions add column parked_until integer;

-- what an undo restores, and whether one has
alter table decisions add column until_at integer;
alter table decisions add column before_it text;
alter table decisions add column undone integer not null default 0;

-- the words of titles and statements: letters and digits alone, one space between
create table suggestion_texts (
    id            integer primary key,
    suggestion_id text not null unique references suggestions (id),
    words         text not null
);
create virtual table suggestion_words using fts5 (
    words, content = 'suggestion_texts', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 0'
);
-- +goose StatementBegin
create trigger suggestion_texts_inserted after insert on suggestion_texts begin
    insert into suggestion_words (rowid, words) values (new.id, new.words);
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger suggestion_texts_updated after update on suggestion_texts begin
    insert into suggestion_words (suggestion_words, rowid, words) values ('delete', old.id, old.words);
    insert into suggestion_words (rowid, words) values (new.id, new.words);
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger suggestion_texts_deleted after delete on suggestion_texts begin
    insert into suggestion_words (suggestion_words, rowid, words) values ('delete', old.id, old.words);
end;
-- +goose StatementEnd
insert into suggestion_texts (suggestion_id, words)
select id, lower(coalesce(json_extract(current, '$.title'), '') || ' ' || coalesce(json_extract(current, '$.statement'), '')) from suggestions;

create table saved_views (
    id         text primary key,
    user_id    text not null references users (id),
    name       text not null,
    name_key   text not null,
    query      text not null,
    created_at integer not null,
    unique (user_id, name_key)
);

-- +goose Down
drop table saved_views;
drop table suggestion_words;
drop table suggestion_texts;
alter table decisions drop column undone;
alter table decisions drop column before_it;
alter table decisions drop column until_at;
alter table suggestions drop column parked_until;
alter table suggestions drop column claimed_until;
alter table suggestions drop column claimed_by;
