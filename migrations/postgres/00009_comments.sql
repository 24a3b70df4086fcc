-- +goose Up
create table comments (
    id         text collate "C" primary key,
    project_id text collate "C" not null references projects (id),
    subject    text collate "C" not null,
    subject_id text collate "C" not null,
    body       text collate "C" not null,
    mentions   text collate "C" not null,
    unknown    text collate "C" not null,
    author_id  text collate "C" not null,
    created_at bigint not null,
    updated_at bigint not null,
    deleted_at bigint,
    revision   bigint not null
);
create index comments_subject on comments (subject, subject_id, id);

-- who is mentioned, and since when it is read
create table comment_mentions (
    user_id    text collate "C" not null references users (id),
    comment_id text collate "C" not null references comments (id) on delete cascade,
    read_at    bigint,
    primary key (user_id, comment_id)
);
create index comment_mentions_unread on comment_mentions (user_id, comment_id) where read_at is null;
create index comment_mentions_comment on comment_mentions (comment_id);

-- +goose Down
drop table comment_mentions;
drop table comments;
