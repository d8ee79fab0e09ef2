-- Code rules and what they gave. Numbers are reserved here before anybody gets one.
CREATE TABLE code_rule (
    prefix   text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    rule     text COLLATE "C" NOT NULL,
    template text COLLATE "C" NOT NULL,     -- '' when it goes with none
    enabled  boolean NOT NULL,
    PRIMARY KEY (prefix, name)
);

-- Series belong to the text of a rule: rules of one text never give the same number.
CREATE TABLE code_series (
    prefix text COLLATE "C" NOT NULL,
    rule   text COLLATE "C" NOT NULL,
    series text COLLATE "C" NOT NULL,       -- the parts of time, '' when the rule has none
    given  bigint NOT NULL,                 -- numbers that are reserved, from 1
    PRIMARY KEY (prefix, rule, series)
);

-- Codes that chance alone drew.
CREATE TABLE code_drawn (
    name text COLLATE "C" PRIMARY KEY
);
