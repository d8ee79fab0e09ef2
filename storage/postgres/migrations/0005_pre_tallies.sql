-- What was resolved, summed over all processes as they tell it. Days are those of Beijing (UTC+8).
CREATE TABLE tally_process (
    process uuid PRIMARY KEY,
    number bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE resolved_day (
    day date PRIMARY KEY,
    seconds double precision NOT NULL DEFAULT 0,
    quickest double precision NOT NULL DEFAULT 'infinity',
    quickest_at bigint NOT NULL DEFAULT 0,
    slowest double precision NOT NULL DEFAULT 0,
    slowest_at bigint NOT NULL DEFAULT 0,
    peak bigint NOT NULL DEFAULT 0,
    peak_at bigint NOT NULL DEFAULT 0,
    sources bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
CREATE TABLE resolved_prefix (
    day date NOT NULL,
    prefix text COLLATE "C" NOT NULL,
    queries bigint NOT NULL,
    found bigint NOT NULL,
    PRIMARY KEY (day, prefix)
) WITH (fillfactor = 50);
CREATE TABLE resolved_source (
    day date NOT NULL,
    prefix text COLLATE "C" NOT NULL,
    source text COLLATE "C" NOT NULL,
    queries bigint NOT NULL,
    PRIMARY KEY (day, prefix, source)
) WITH (fillfactor = 50);
CREATE TABLE resolved_second (
    at bigint PRIMARY KEY,
    answers bigint NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE resolved_latency (
    day date NOT NULL,
    transport text COLLATE "C" NOT NULL,
    bound double precision NOT NULL,
    answers bigint NOT NULL,
    PRIMARY KEY (day, transport, bound)
) WITH (fillfactor = 50);
