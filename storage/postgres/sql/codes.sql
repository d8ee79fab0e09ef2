-- name: keep_rule
-- A code rule as it stands now.
INSERT INTO code_rule (prefix, name, rule, template, enabled) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (prefix, name) DO UPDATE SET rule = $3, template = $4, enabled = $5;

-- name: rule
-- A code rule.
SELECT prefix, name, rule, template, enabled FROM code_rule WHERE prefix = $1 AND name = $2;

-- name: rules
-- Code rules under some prefixes by name, from the first past another.
SELECT prefix, name, rule, template, enabled
  FROM code_rule WHERE prefix = ANY ($1) AND (prefix, name) > ($2, $3)
 ORDER BY prefix, name LIMIT $4;

-- name: reserve
-- Numbers that nobody else gets; the last of them.
INSERT INTO code_series (prefix, rule, series, given) VALUES ($1, $2, $3, $4)
    ON CONFLICT (prefix, rule, series) DO UPDATE SET given = code_series.given + $4
RETURNING given;

-- name: draw
-- Names that chance drew, those of them that it never drew before.
INSERT INTO code_drawn (name) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING name;
