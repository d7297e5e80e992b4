CREATE TABLE document_numbers (
    kind text PRIMARY KEY,
    last bigint NOT NULL
);
CREATE TABLE documents (
    kind text NOT NULL,
    number bigint NOT NULL,
    owner bytea NOT NULL,
    name text NOT NULL,
    body text NOT NULL,
    PRIMARY KEY (kind, number),
    UNIQUE (kind, name)
);
CREATE INDEX documents_owner ON documents (kind, owner, number);
