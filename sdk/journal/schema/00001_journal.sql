-- +goose Up
-- Times are microseconds since 1970 in UTC, 0 is none. Amounts are minor units.

CREATE TABLE journal (
    id        INTEGER PRIMARY KEY,
    created   BIGINT NOT NULL,
    opened    BIGINT NOT NULL
);

CREATE TABLE operations (
    id              INTEGER PRIMARY KEY,          -- the order of beginning
    ref             VARCHAR(80)  NOT NULL,
    op_key          VARCHAR(32)  NOT NULL,
    kind            VARCHAR(16)  NOT NULL,
    pos_id          VARCHAR(64)  NOT NULL,
    operator        VARCHAR(128) NOT NULL,
    amount          BIGINT       NOT NULL,
    currency        VARCHAR(3)   NOT NULL,
    digest          BLOB,
    original_ref    VARCHAR(80),
    receipt         VARCHAR(128),
    document        VARCHAR(128),
    payment_system  VARCHAR(32)  NOT NULL,
    code_digest     VARCHAR(128),
    number          BIGINT,
    shift           BIGINT       NOT NULL,
    provider_number BIGINT,
    provider_shift  BIGINT       NOT NULL,
    charged         SMALLINT     NOT NULL,
    approved_amount BIGINT       NOT NULL,
    booked_shift    BIGINT,
    booked_at       BIGINT,
    counted_shift   BIGINT       NOT NULL,        -- booked_shift, else shift
    outcome         SMALLINT     NOT NULL,
    final           SMALLINT     NOT NULL,
    told            SMALLINT     NOT NULL,
    ack             VARCHAR(16)  NOT NULL,
    reversal        SMALLINT     NOT NULL,
    unfinished      SMALLINT     NOT NULL,        -- the engine has work with it
    pending         SMALLINT     NOT NULL,        -- unfinished, or final and not acknowledged
    nothing_sent    SMALLINT     NOT NULL,
    code            VARCHAR(64)  NOT NULL,
    message         TEXT         NOT NULL,
    hint            TEXT         NOT NULL,
    payer           VARCHAR(128) NOT NULL,
    rrn             VARCHAR(64)  NOT NULL,
    auth_code       VARCHAR(64)  NOT NULL,
    resolved_by     VARCHAR(256) NOT NULL,
    begun           BIGINT       NOT NULL,
    settled         BIGINT       NOT NULL,
    last_event      BIGINT       NOT NULL,
    params          TEXT,                         -- where it is large: in bodies
    result          TEXT,                         -- where it is large: in bodies
    state           TEXT
);

CREATE UNIQUE INDEX operations_ref ON operations (ref);
CREATE UNIQUE INDEX operations_number ON operations (number) WHERE number IS NOT NULL;
CREATE INDEX operations_provider_number ON operations (provider_number) WHERE provider_number IS NOT NULL;
-- These two cover the totals of a shift and of a span of time.
CREATE INDEX operations_shift ON operations (counted_shift, charged, payment_system, kind, currency, approved_amount);
CREATE INDEX operations_booked ON operations (booked_at, payment_system, kind, currency, approved_amount) WHERE booked_at IS NOT NULL;
CREATE INDEX operations_pending ON operations (pending) WHERE pending = 1;
CREATE INDEX operations_begun ON operations (begun);
CREATE INDEX operations_receipt ON operations (receipt) WHERE receipt IS NOT NULL;
CREATE INDEX operations_document ON operations (document) WHERE document IS NOT NULL;
CREATE INDEX operations_original ON operations (original_ref) WHERE original_ref IS NOT NULL;
CREATE INDEX operations_code ON operations (code_digest) WHERE code_digest IS NOT NULL;

-- What is too large to be written again with every transition.
CREATE TABLE bodies (
    operation INTEGER PRIMARY KEY,
    params    TEXT,
    result    TEXT
);

CREATE TABLE events (
    operation BIGINT      NOT NULL,
    number    BIGINT      NOT NULL,
    at        BIGINT      NOT NULL,
    name      VARCHAR(64) NOT NULL,
    data      TEXT,
    PRIMARY KEY (operation, number)
) WITHOUT ROWID;

CREATE TABLE shifts (
    number      INTEGER PRIMARY KEY,
    opened      BIGINT      NOT NULL,
    closed      BIGINT      NOT NULL,
    closed_by   VARCHAR(80) NOT NULL,
    next_number BIGINT      NOT NULL,
    totals      TEXT,
    elsewhere   SMALLINT    NOT NULL
);

CREATE TABLE exchanges (
    id        INTEGER PRIMARY KEY,
    ref       VARCHAR(80),
    at        BIGINT       NOT NULL,
    method    VARCHAR(256) NOT NULL,
    ok        SMALLINT     NOT NULL,
    initiator VARCHAR(128) NOT NULL,
    status    INTEGER      NOT NULL,
    failure   TEXT         NOT NULL,
    duration  BIGINT       NOT NULL              -- microseconds
);

CREATE INDEX exchanges_at ON exchanges (at);
CREATE INDEX exchanges_ref ON exchanges (ref) WHERE ref IS NOT NULL;

CREATE TABLE attempts (
    id            INTEGER PRIMARY KEY,
    at            BIGINT       NOT NULL,
    terminal      VARCHAR(64)  NOT NULL,
    serial        VARCHAR(128) NOT NULL,
    ok            SMALLINT     NOT NULL,
    code          VARCHAR(64)  NOT NULL,
    attempts_left BIGINT       NOT NULL,
    initiator     VARCHAR(128) NOT NULL
);

INSERT INTO journal (id, created, opened) VALUES (1, 0, 0);
