-- +goose Up
create table comments (
    id         text primary key,
    project_id text not null references projects (id),
    subject    text not null,
    subject_id text not null,
    body       text not null,
    mentions   text not null,
    unknown    text not null,
    author_id  text not null,
    created_at integer not null,
    updated_at integer not null,
    deleted_at integer,
    revision   integer not null
);
create index comments_subject on comments (subject, subject_id, id);

-- who is mentioned, and since when it is read
create table comment_mentions (
    user_id    text not null references users (id),
    comment_id text not null references comments (id) on delete cascade,
    read_at    integer,
    primary key (user_id, comment_id)
);
create index comment_mentions_unread on comment_mentions (user_id, comment_id) where read_at is null;
create index comment_mentions_comment on comment_mentions (comment_id);

-- +goose Down
drop table comment_mentions;
drop table comments;
